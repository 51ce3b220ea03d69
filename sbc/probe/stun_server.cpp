#include "sbc/probe/stun_server.hpp"

#include "sbc/net/random.hpp"

namespace dw::probe {

Result<std::unique_ptr<StunServer>> StunServer::start(net::Loop& loop, const Options& options) {
  std::unique_ptr<StunServer> server(new StunServer(loop));
  std::array<std::uint16_t, 2> ports = {options.port, options.alternate_port};
  for (unsigned which = 0; which < ports.size(); ++which) {
    if (auto ok = server->listen(options, which, ports[which]); !ok) return std::unexpected(std::move(ok.error()));
  }
  server->responder_ = std::make_unique<nat::StunResponder>(
      nat::StunResponder::Options{options.listen, ports, options.advertise, options.rate, net::random_u64()});
  for (Listener& listener : server->listeners_) {
    listener.socket.receive(
        [self = server.get(), port = listener.port](auto datagrams) { self->on_datagrams(port, datagrams); });
  }
  return server;
}

Result<void> StunServer::listen(const Options& options, unsigned which, std::uint16_t& port) {
  constexpr int kBuffer = 256 << 10;
  for (const IpAddress& address : options.listen) {
    auto socket = net::DatagramSocket::open(loop_, {address, port}, {nat::kMaxStunMessage, kBuffer, kBuffer, 0});
    if (!socket) return std::unexpected(std::move(socket.error()));
    port = socket->local().port;
    listeners_.push_back({std::move(*socket), which});
  }
  return {};
}

std::vector<Endpoint> StunServer::local() const {
  std::vector<Endpoint> out;
  for (const Listener& listener : listeners_)
    out.push_back(listener.socket.local());
  return out;
}

net::DatagramSocket* StunServer::socket_for(const IpAddress& from, unsigned port) {
  for (Listener& listener : listeners_) {
    const IpAddress bound = listener.socket.local().address;
    if (listener.port == port && bound.is_v4() == from.is_v4() && (bound == from || bound.is_unspecified()))
      return &listener.socket;
  }
  return nullptr;
}

void StunServer::on_datagrams(unsigned port, std::span<const net::Datagram> datagrams) {
  for (const net::Datagram& d : datagrams) {
    if (!gate_->admits(net::Door::stun, d.peer.address)) continue;
    const auto answer =
        responder_->on_datagram(loop_.now(), {d.peer, d.local, port, d.to_group, d.truncated, d.octets});
    net::DatagramSocket* const socket = answer ? socket_for(answer->from, answer->port) : nullptr;
    if (!socket) continue;
    socket->send(answer->to, answer->from, {}, answer->octets);
    socket->flush();
  }
}

}  // namespace dw::probe
