#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"

namespace dw {

/// An IPv4 or IPv6 address. IPv4-mapped IPv6 addresses (::ffff:a.b.c.d) become IPv4 in every factory, so that a host
/// has one value. The scope id (fe80::1%2) of link-local IPv6 is kept.
class IpAddress {
 public:
  IpAddress() = default;  ///< "no address": neither family
  static IpAddress v4(std::uint32_t host_order);
  static IpAddress v6(std::span<const std::uint8_t, 16> octets, std::uint32_t scope = 0);
  /// "192.0.2.1", "2001:db8::1", "[2001:db8::1]", "fe80::1%2" (numeric scope). Errc::invalid otherwise.
  static Result<IpAddress> parse(std::string_view text);

  bool is_v4() const { return family_ == 4; }
  bool is_v6() const { return family_ == 6; }
  explicit operator bool() const { return family_ != 0; }

  std::uint32_t v4_host_order() const;  ///< only when is_v4()
  std::span<const std::uint8_t> octets() const { return {octets_.data(), is_v4() ? 4U : is_v6() ? 16U : 0U}; }
  std::uint32_t scope() const { return scope_; }

  bool is_unspecified() const;
  bool is_loopback() const;
  bool is_multicast() const;
  bool is_broadcast() const;  ///< 255.255.255.255 only; an address alone does not show its subnet's broadcast
  bool is_private() const;    ///< RFC 1918, RFC 4193, RFC 6598 (carrier NAT), link-local, loopback
  /// The address with all but the first `bits` bits cleared: the key for limits by network.
  IpAddress network(unsigned bits) const;

  std::string to_string() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> octets_{};
  std::uint32_t scope_ = 0;
  std::uint8_t family_ = 0;
};

/// An address and a port.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  /// "192.0.2.1:69", "[2001:db8::1]:69".
  static Result<Endpoint> parse(std::string_view text);
  std::string to_string() const;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// A host name or literal and an optional port, as a person writes them: "pbx.example.net:2000", "[::1]:69", "pbx".
struct HostPort {
  std::string host;        ///< no brackets
  std::uint16_t port = 0;  ///< 0: not given
  static Result<HostPort> parse(std::string_view text);
  std::string to_string() const;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

std::size_t hash_of(const IpAddress& address);

}  // namespace dw

template <>
struct std::hash<dw::IpAddress> {
  std::size_t operator()(const dw::IpAddress& a) const { return dw::hash_of(a); }
};
template <>
struct std::hash<dw::Endpoint> {
  std::size_t operator()(const dw::Endpoint& e) const {
    return (dw::hash_of(e.address) ^ e.port) * std::size_t{0x9e3779b97f4a7c15};
  }
};
