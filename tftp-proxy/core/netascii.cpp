#include "tftp-proxy/core/netascii.hpp"

namespace dw::tftp {

NetasciiBlock netascii_block(Bytes file, const NetasciiPosition& from, std::size_t blksize) {
  NetasciiBlock block{{}, from};
  block.octets.reserve(blksize);
  NetasciiPosition& at = block.next;
  while (block.octets.size() < blksize) {
    if (at.has_pending) {
      block.octets.push_back(at.pending);
      at.has_pending = false;
      continue;
    }
    if (at.used >= file.size()) break;
    const std::uint8_t octet = file[static_cast<std::size_t>(at.used++)];
    if (octet == '\n' || octet == '\r') {
      at.pending = octet == '\n' ? std::uint8_t{'\n'} : std::uint8_t{0};
      at.has_pending = true;
      block.octets.push_back('\r');
    } else {
      block.octets.push_back(octet);
    }
  }
  return block;
}

}  // namespace dw::tftp
