#include "sbc/probe/stun_sockets.hpp"

namespace dw::probe {

net::DatagramSocket* StunSockets::at(std::uint32_t socket) {
  constexpr int kBuffer = 64 << 10;
  const auto found = sockets_.find(socket);
  if (found != sockets_.end()) return &found->second;
  auto opened = net::DatagramSocket::open(loop_, {from_, 0}, {nat::kMaxStunMessage, kBuffer, kBuffer, 0});
  if (!opened) return nullptr;
  const auto place = sockets_.emplace(socket, std::move(*opened)).first;
  place->second.receive([this, socket](std::span<const net::Datagram> datagrams) {
    for (const net::Datagram& d : datagrams)
      on_datagram_(socket, d.octets);
  });
  if (on_undelivered_) place->second.receive_errors(on_undelivered_);
  return &place->second;
}

std::optional<Endpoint> StunSockets::local(std::uint32_t socket) {
  const net::DatagramSocket* const opened = at(socket);
  return opened ? std::optional(opened->local()) : std::nullopt;
}

void StunSockets::send(const std::vector<nat::StunSend>& sends) {
  for (const nat::StunSend& s : sends) {
    net::DatagramSocket* const socket = at(s.socket);
    if (!socket) continue;
    socket->send(s.to, {}, {}, s.octets);
    socket->flush();
  }
}

}  // namespace dw::probe
