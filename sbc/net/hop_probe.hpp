#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/net/loop.hpp"

namespace dw::net {

/// The first routers on the way to an IPv4 address: one UDP datagram for each, with so small a TTL that it
/// goes no further, and the ICMP "time exceeded" that comes back (read off the socket's error queue, which
/// needs no rights). What a router does not tell stays empty. Takes kWait; nothing is called once this is
/// destroyed.
class HopProbe {
 public:
  static constexpr int kHops = 4;
  static constexpr Duration kWait = std::chrono::milliseconds(1200);
  using Done = std::function<void(std::vector<IpAddress>)>;  ///< kHops of them, or none when nothing could be sent

  HopProbe(Loop& loop, const IpAddress& to, Done done);
  ~HopProbe();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dw::net
