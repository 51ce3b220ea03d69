#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/net/loop.hpp"

namespace dw::net {

/// Finds the first routers on the way to an IPv4 address: one UDP datagram for each, whose TTL ends there, and the ICMP
/// "time exceeded" that comes back (read from the socket's error queue, which needs no privileges). A router that does
/// not answer leaves an empty address. Takes kWait; nothing is called after it is destroyed.
class HopProbe {
 public:
  static constexpr int kHops = 4;
  static constexpr Duration kWait = std::chrono::milliseconds(1200);
  using Done = std::function<void(std::vector<IpAddress>)>;  ///< kHops of them; empty when nothing could be sent

  HopProbe(Loop& loop, const IpAddress& to, Done done);
  ~HopProbe();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dw::net
