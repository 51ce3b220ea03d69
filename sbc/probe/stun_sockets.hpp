#pragma once
#include <functional>
#include <map>
#include <vector>

#include "nat/core/stun/asker.hpp"
#include "sbc/net/datagram_socket.hpp"
#include "sbc/net/loop.hpp"

namespace dw::probe {

/// The sockets that a probe of nat_core numbers, opened as it names them.
class StunSockets {
 public:
  using OnDatagram = std::function<void(std::uint32_t socket, Bytes octets)>;
  /// `from`: our address that routes to the server.
  StunSockets(net::Loop& loop, const IpAddress& from, OnDatagram on_datagram)
      : loop_(loop), from_(from), on_datagram_(std::move(on_datagram)) {}

  /// Told what ICMP says did not arrive. To be set before anything is sent.
  void on_undelivered(std::function<void(const net::Undelivered&)> told) { on_undelivered_ = std::move(told); }

  /// Sends what it can; what it can't open a socket for is lost, as on the way.
  void send(const std::vector<nat::StunSend>& sends);
  std::optional<Endpoint> local(std::uint32_t socket);  ///< opens it, too
  void close_below(std::uint32_t socket) { sockets_.erase(sockets_.begin(), sockets_.lower_bound(socket)); }

 private:
  net::DatagramSocket* at(std::uint32_t socket);

  net::Loop& loop_;
  IpAddress from_;
  OnDatagram on_datagram_;
  std::function<void(const net::Undelivered&)> on_undelivered_;
  std::map<std::uint32_t, net::DatagramSocket> sockets_;
};

}  // namespace dw::probe
