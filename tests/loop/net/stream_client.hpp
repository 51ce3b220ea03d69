#pragma once
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "sbc/net/descriptor.hpp"
#include "sbc/net/loop.hpp"
#include "sbc/net/socket_address.hpp"

namespace dw::test {

/// A TCP or Unix stream client that sends exactly what a test wants, and keeps the answer.
class StreamClient {
 public:
  /// `receive_buffer` octets (0: the system's) bound what the kernel takes for a client that does not read.
  explicit StreamClient(const Endpoint& server, int receive_buffer = 0, const IpAddress& from = {})
      : socket_(::socket(server.address.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer != 0)
      setsockopt(socket_.number(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (from) {
      const auto at = net::to_socket_address({from, 0});
      (void)bind(socket_.number(), &at.any, at.size());
    }
    const auto to = net::to_socket_address(server);
    connected_ = connect(socket_.number(), &to.any, to.size()) == 0;
  }
  explicit StreamClient(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, path.data(), path.size());
    connected_ = connect(socket_.number(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }

  bool connected() const { return connected_; }
  Endpoint local() const { return net::local_endpoint(socket_.number()); }
  bool send(std::string_view text) {
    return ::send(socket_.number(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  /// Takes what is there, up to `max` octets. After the other side's end `ended()` is true.
  void read(std::size_t max = 1 << 20) {
    std::array<char, 65536> some;
    while (max != 0 && !ended_) {
      const ssize_t count = recv(socket_.number(), some.data(), std::min(max, some.size()), MSG_DONTWAIT);
      if (count > 0) {
        got_.append(some.data(), static_cast<std::size_t>(count));
        max -= static_cast<std::size_t>(count);
      } else {
        ended_ = count == 0 || errno != EAGAIN;
        return;
      }
    }
  }
  const std::string& got() const { return got_; }
  bool ended() const { return ended_; }
  std::string_view head() const { return std::string_view(got_).substr(0, got_.find("\r\n\r\n")); }
  std::string_view body() const {
    const auto at = got_.find("\r\n\r\n");
    return at == got_.npos ? std::string_view() : std::string_view(got_).substr(at + 4);
  }
  bool has(std::string_view text) const { return got_.find(text) != got_.npos; }
  void forget() { got_.clear(); }
  /// Closes with a reset rather than in order.
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket_.number(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    socket_.reset();
  }
  void close() { socket_.reset(); }

 private:
  net::Descriptor socket_;
  bool connected_ = false;
  bool ended_ = false;
  std::string got_;
};

}  // namespace dw::test
