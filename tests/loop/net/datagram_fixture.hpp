#pragma once
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>
#include "sbc/net/datagram_socket.hpp"
#include "sbc/net/descriptor.hpp"
#include "sbc/net/resolver.hpp"
#include "sbc/net/socket_address.hpp"
#include "sbc/net/timer.hpp"
#include "tests/loop/net/faulty_sendmmsg.hpp"

/// Sockets on loopback, and a peer of theirs.
namespace dw::datagram_test {

using namespace std::chrono_literals;
using test::FaultySendmmsg;

inline IpAddress ip(const char* text) {
  return *IpAddress::parse(text);
}

inline net::DatagramSocket open_on(net::Loop& loop, const char* address) {
  auto socket = net::DatagramSocket::open(loop, {ip(address), 0}, {});
  if (!socket) FAIL(socket.error().text);
  return std::move(*socket);
}

/// A client like a phone: a connected socket, so that the kernel accepts only datagrams from the address and port that
/// were asked.
class Client {
 public:
  explicit Client(const Endpoint& server, const char* bind_to = nullptr)
      : socket_(::socket(server.address.is_v6() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    if (bind_to) {
      const auto mine = net::to_socket_address({ip(bind_to), 0});
      REQUIRE(bind(socket_.number(), &mine.any, mine.size()) == 0);
    }
    const auto to = net::to_socket_address(server);
    REQUIRE(connect(socket_.number(), &to.any, to.size()) == 0);
  }
  void send(std::string_view text) { REQUIRE(::send(socket_.number(), text.data(), text.size(), 0) >= 0); }
  std::optional<std::string> take() {
    std::array<char, 65536> got;
    const auto size = recv(socket_.number(), got.data(), got.size(), MSG_DONTWAIT);
    if (size < 0) return std::nullopt;
    return std::string(got.data(), static_cast<std::size_t>(size));
  }
  Endpoint local() const { return net::local_endpoint(socket_.number()); }
  void close() { socket_.reset(); }

 private:
  net::Descriptor socket_;
};

struct Arrival {
  Endpoint peer;
  IpAddress local;
  bool to_group;
  bool truncated;
  std::string text;
};

/// Keeps received datagrams; answers them with "re: …" from the address that was asked.
inline void record(net::DatagramSocket& socket, std::vector<Arrival>& into, bool answer = false) {
  socket.receive([&socket, &into, answer](std::span<const net::Datagram> batch) {
    for (const net::Datagram& d : batch) {
      into.push_back({d.peer, d.local, d.to_group, d.truncated, std::string(as_text(d.octets))});
      if (answer) socket.send(d.peer, d.local, as_bytes("re: "), d.octets);
    }
  });
}

/// The first link-local address of this machine, with its scope.
inline std::optional<IpAddress> link_local() {
  for (const IpAddress& a : net::local_addresses()) {
    if (a.is_v6() && a.scope() != 0) return a;
  }
  return std::nullopt;
}

}  // namespace dw::datagram_test
