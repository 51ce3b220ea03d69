#pragma once
#include <functional>
#include <map>
#include <vector>

#include "nat/core/stun/asker.hpp"
#include "sbc/net/datagram_socket.hpp"
#include "sbc/net/loop.hpp"

namespace dw::probe {

/// The sockets that a probe of nat_core refers to by number, opened on first use.
class StunSockets {
 public:
  using OnDatagram = std::function<void(std::uint32_t socket, Bytes octets)>;
  /// `from`: our address on the route to the server.
  StunSockets(net::Loop& loop, const IpAddress& from, OnDatagram on_datagram)
      : loop_(loop), from_(from), on_datagram_(std::move(on_datagram)) {}

  /// Reports datagrams that did not arrive according to ICMP. Set it before the first send.
  void on_undelivered(std::function<void(const net::Undelivered&)> callback) { on_undelivered_ = std::move(callback); }

  /// Sends what it can; a datagram for which no socket can be opened counts as lost.
  void send(const std::vector<nat::StunSend>& sends);
  std::optional<Endpoint> local(std::uint32_t socket);  ///< opens it if necessary
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
