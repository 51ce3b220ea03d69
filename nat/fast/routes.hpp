#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/result.hpp"
#include "sbc/net/descriptor.hpp"

namespace dw::nat::fast {

/// The kernel's IPv4 routing for packets that we send (rtnetlink(7)), and whether it has changed. Needs no capability.
/// For one thread.
class Routes {
 public:
  struct Way {
    std::uint32_t interface = 0;  ///< its number; of Ethernet's type
    IpAddress next_hop;
    std::uint16_t mtu = 0;  ///< octets of an IP packet
    friend bool operator==(const Way&, const Way&) = default;
  };
  static constexpr std::size_t kMaxInterfaces = 1024;  ///< remembered; more are looked up each time

  /// Errc::system if there is no netlink.
  static Result<std::unique_ptr<Routes>> open();
  Routes(const Routes&) = delete;

  /// The way for UDP between these two. Nothing: no route, a route to this host or through a gateway of another family,
  /// or an interface that is down or not Ethernet.
  std::optional<Way> find(const Endpoint& from, const Endpoint& to, std::uint8_t tos);
  /// Whether routes, rules or interfaces have changed since the last call; find() uses the changes already. Costs one
  /// system call if nothing has changed.
  bool changed();

 private:
  struct Interface {
    bool usable = false;
    std::uint32_t mtu = 0;
    friend bool operator==(const Interface&, const Interface&) = default;
  };
  Routes(net::Descriptor ask, net::Descriptor watch) : ask_(std::move(ask)), watch_(std::move(watch)) {}
  std::optional<Interface> interface(std::uint32_t number);
  bool is_change(const void* message);

  const net::Descriptor ask_, watch_;
  std::map<std::uint32_t, Interface> interfaces_;
  std::uint32_t sequence_ = 0;
};

}  // namespace dw::nat::fast
