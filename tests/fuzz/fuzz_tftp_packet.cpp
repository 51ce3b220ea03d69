// Any datagram: parsed without reading past it, and what was parsed says the same when it is written and read
// again.
#include <cstdlib>

#include "tftp-proxy/core/tftp_packet.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dw;
  const auto packet = tftp::parse_packet({data, size});
  if (!packet) {
    if (packet.error().offset > size) std::abort();
    return 0;
  }
  Buffer octets;
  ByteWriter out(octets);
  std::visit([&](const auto& p) { tftp::write(out, p); }, *packet);
  const auto again = tftp::parse_packet(octets);
  if (!again || tftp::to_string(*again) != tftp::to_string(*packet)) std::abort();
  if (const auto* request = std::get_if<tftp::Request>(&*packet)) (void)tftp::parse_mode(request->mode);
  return 0;
}
