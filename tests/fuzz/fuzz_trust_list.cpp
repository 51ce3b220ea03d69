#include <algorithm>
#include <cstdlib>

#include "tftp-proxy/core/trust_list.hpp"

using namespace dw;
using namespace dw::provisioning;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes octets{data, size};
  const auto header = parse_signed_header(octets);
  if (header) {
    if (!is_signed(octets) || signed_body_offset(octets) != header->length) std::abort();
    Buffer again;
    ByteWriter out(again);
    write(out, *header);
    if (!std::ranges::equal(again, octets.first(header->length))) std::abort();
    (void)to_string(*header);
  }
  const auto list = parse_trust_list(octets);
  if (list) {
    Buffer again;
    ByteWriter out(again);
    write(out, *list);
    if (!std::ranges::equal(again, octets)) std::abort();
    (void)to_string(*list);
  }
  return 0;
}
