#pragma once
#include <algorithm>
#include <string>
#include <string_view>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/result.hpp"

namespace dw {

/// All addresses with the same first bits: "192.0.2.0/24". A single address is a network too.
class IpNetwork {
 public:
  /// "192.0.2.0/24", "2001:db8::/32", "192.0.2.7". Errc::invalid for anything else, also for set bits after the prefix.
  static Result<IpNetwork> parse(std::string_view text);

  /// The network of `bits` bits that contains this address.
  static IpNetwork around(const IpAddress& address, unsigned bits) {
    IpNetwork network;
    network.first_ = address.network(bits);
    network.bits_ = bits;
    return network;
  }

  /// A network without a scope (fe80::/10) contains the addresses of all scopes.
  bool contains(const IpAddress& address) const {
    if (address.is_v4() != first_.is_v4() || !address) return false;
    const IpAddress network = address.network(bits_);
    return network == first_ || (first_.scope() == 0 && std::ranges::equal(network.octets(), first_.octets()));
  }
  const IpAddress& first() const { return first_; }
  unsigned bits() const { return bits_; }
  std::string to_string() const;
  friend bool operator==(const IpNetwork&, const IpNetwork&) = default;

 private:
  IpAddress first_;
  unsigned bits_ = 0;
};

}  // namespace dw
