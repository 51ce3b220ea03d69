// STUN messages: whatever parses, is written, and parses as the same; and the server, whose answers stay
// short.
#include <cassert>
#include <cstdlib>

#include "nat/core/stun/responder.hpp"

using namespace dw;
using namespace dw::nat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes octets(data, size);
  if (const auto message = parse_stun(octets)) {
    StunMessage plain = *message;
    plain.not_understood.clear();
    const Buffer again = to_octets(plain);
    if (again.size() <= kMaxStunMessage) {
      const auto read = parse_stun(again);
      if (!read || !(*read == plain)) std::abort();
    }
    (void)to_string(*message);
  }
  static const IpAddress kUs = IpAddress::v4(0xcb00710a), kOther = IpAddress::v4(0xcb00710b);
  StunResponder server({{kUs, kOther}, {3478, 3479}, {}, 20, 1});
  const auto answer = server.on_datagram(TimePoint{std::chrono::hours(1)},
                                         {{IpAddress::v4(0xc0000201), 5000}, kUs, 0, false, false, octets});
  if (answer && answer->octets.size() > 2 * size + 12) std::abort();
  return 0;
}
