#include "nat/core/stun/way_out.hpp"

#include <algorithm>

namespace dw::nat {

std::optional<Endpoint> WayOut::due(TimePoint now, const std::optional<Endpoint>& far_end, Duration idle) {
  if (!open_) return std::nullopt;
  const Endpoint& to = far_end ? *far_end : anchor_;
  if (to.port == 0 || (to == last_to_ && now - last_ < idle)) return std::nullopt;
  sent(now, to);
  return to;
}

WayOut::Packet WayOut::packet(std::uint64_t stream) {
  StunMessage indication;
  indication.kind = StunMessage::Kind::indication;
  const std::uint64_t words[] = {stream, ++packets_};  // nobody compares an indication's id
  for (std::size_t i = 0; i < indication.id.size(); ++i)
    indication.id[i] = static_cast<std::uint8_t>(words[i / 8] >> (8 * (i % 8)));
  const Buffer octets = to_octets(indication);
  Packet out{};
  std::ranges::copy(Bytes(octets).first(out.size()), out.begin());
  return out;
}

}  // namespace dw::nat
