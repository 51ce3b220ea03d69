#include "tests/lab/sip_link.hpp"

#include <sys/socket.h>

#include <algorithm>

namespace dw::lab {

SipLink::SipLink(const SipLinkOptions& options, IpAddress own, std::uint16_t listen_port)
    : options_(options), own_(own), told_{own, listen_port} {
  if (options_.tcp) return;
  listener_ = std::make_unique<UdpPort>(told_);
  if (!listener_->ok()) trouble_ = "can't listen on " + told_.to_string();
  if (!options_.nat_enabled && !options_.one_time_sockets) sender_ = std::make_unique<UdpPort>(Endpoint{own, 0});
}

void SipLink::connect() {
  pings_ += stream_.pings();
  stream_ = {};
  tcp_ = std::make_unique<TcpStream>(options_.server, own_);
}

void SipLink::send(const Endpoint& to, std::string_view message) {
  if (options_.tcp) {
    if (up()) tcp_->write(as_bytes(message));
    return;
  }
  if (options_.nat_enabled) return listener_->send(to, as_bytes(message));
  if (sender_) return sender_->send(to, as_bytes(message));
  UdpPort({own_, 0}).send(to, as_bytes(message));
}

void SipLink::add_polls(std::vector<pollfd>& polls) {
  first_poll_ = polls.size();
  if (options_.tcp) {
    polls.push_back({tcp_ ? tcp_->fd() : -1, tcp_ ? tcp_->wanted() : short{0}, 0});
    return;
  }
  polls.push_back({listener_->fd(), POLLIN, 0});
  polls.push_back({sender_ ? sender_->fd() : -1, POLLIN, 0});
}

void SipLink::read_port(const UdpPort& port, const Taken& taken) const {
  for (;;) {
    Buffer octets(65536);
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    void* at = &address;
    const ssize_t count =
        recvfrom(port.fd(), octets.data(), octets.size(), MSG_DONTWAIT, static_cast<sockaddr*>(at), &size);
    if (count < 0) return;
    octets.resize(static_cast<std::size_t>(count));
    taken(octets, endpoint_of(address));
  }
}

bool SipLink::take_polls(const std::vector<pollfd>& polls, const Taken& taken) {
  if (!options_.tcp) {
    if (polls[first_poll_ + 1].revents != 0) read_port(*sender_, [this](Bytes, const Endpoint&) { ++unheard_; });
    if (polls[first_poll_].revents == 0) return false;
    read_port(*listener_, [&](Bytes octets, const Endpoint& from) {
      if (std::ranges::all_of(octets, [](std::uint8_t c) { return c == '\r' || c == '\n' || c == 0; })) {
        ++pings_;
      } else {
        taken(octets, from);
      }
    });
    return false;
  }
  if (!tcp_ || polls[first_poll_].revents == 0) return false;
  if (tcp_->connecting()) {
    if (!tcp_->settle()) return false;
    told_ = tcp_->local();
    return true;
  }
  if ((polls[first_poll_].revents & POLLOUT) != 0) tcp_->flush();
  if ((polls[first_poll_].revents & (POLLIN | POLLHUP | POLLERR)) != 0) read_stream(taken);
  return false;
}

void SipLink::read_stream(const Taken& taken) {
  stream_.push(as_text(tcp_->read()));
  while (const auto message = tcp_ ? stream_.next() : std::nullopt)
    taken(as_bytes(*message), options_.server);
  if (stream_.broken()) trouble_ = "a message in the stream without Content-Length";
}

IpAddress own_address_toward(const Endpoint& server) {
  const Socket probe(server.address.to_string(), server.port, SOCK_DGRAM);
  (void)connect(probe.fd(), probe.peer(), probe.peer_size());
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  void* at = &own;
  getsockname(probe.fd(), static_cast<sockaddr*>(at), &size);
  return endpoint_of(own).address;
}

}  // namespace dw::lab
