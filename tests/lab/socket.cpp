#include "tests/lab/socket.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace dw::lab {

socklen_t socket_address(const std::string& address, std::uint16_t port, sockaddr_storage& out) {
  out = {};
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&out, &v4, sizeof v4);
    return sizeof v4;
  }
  if (inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&out, &v6, sizeof v6);
    return sizeof v6;
  }
  std::fprintf(stderr, "not an address: %s\n", address.c_str());
  std::exit(2);
}

std::string to_string(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  sockaddr_in v4{};
  std::memcpy(&v4, &address, sizeof v4);
  inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  return std::string(text.data()) + ":" + std::to_string(ntohs(v4.sin_port));
}

Socket::Socket(const std::string& address, std::uint16_t port, int type)
    : peer_size_(socket_address(address, port, peer_)) {
  fd_ = socket(peer_.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) {
    std::perror("socket");
    std::exit(2);
  }
}

Socket::~Socket() {
  close(fd_);
}

const sockaddr* Socket::peer() const {
  return static_cast<const sockaddr*>(static_cast<const void*>(&peer_));
}

bool Socket::wait(short events, int milliseconds) const {
  pollfd poll_fd{fd_, events, 0};
  return poll(&poll_fd, 1, milliseconds) == 1;
}

}  // namespace dw::lab
