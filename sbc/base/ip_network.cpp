#include "sbc/base/ip_network.hpp"

#include <charconv>

namespace dw {

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
  const auto refused = [&](std::string_view why) {
    return fail(Errc::invalid, "not a network: \"" + std::string(text) + "\"" + std::string(why));
  };
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address || address->scope() != 0) return refused("; one is written 192.0.2.0/24");
  constexpr unsigned kBitsV4 = 32, kBitsV6 = 128;
  const unsigned most = address->is_v4() ? kBitsV4 : kBitsV6;
  IpNetwork network;
  network.first_ = *address;
  network.bits_ = most;
  if (slash != std::string_view::npos) {
    const std::string_view length = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), network.bits_);
    if (error != std::errc{} || end != length.data() + length.size() || network.bits_ > most)
      return refused("; one is written 192.0.2.0/24");
    const IpAddress first = address->network(network.bits_);
    if (first != *address) return refused(": the first address of it is " + first.to_string());
  }
  return network;
}

std::string IpNetwork::to_string() const {
  return first_.to_string() + "/" + std::to_string(bits_);
}

}  // namespace dw
