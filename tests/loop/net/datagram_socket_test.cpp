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

using namespace dw;
using namespace std::chrono_literals;
using test::FaultySendmmsg;

namespace {

IpAddress ip(const char* text) {
  return *IpAddress::parse(text);
}

net::DatagramSocket open_on(net::Loop& loop, const char* address) {
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
void record(net::DatagramSocket& socket, std::vector<Arrival>& into, bool answer = false) {
  socket.receive([&socket, &into, answer](std::span<const net::Datagram> batch) {
    for (const net::Datagram& d : batch) {
      into.push_back({d.peer, d.local, d.to_group, d.truncated, std::string(as_text(d.octets))});
      if (answer) socket.send(d.peer, d.local, as_bytes("re: "), d.octets);
    }
  });
}

/// The first link-local address of this machine, with its scope.
std::optional<IpAddress> link_local() {
  for (const IpAddress& a : net::local_addresses()) {
    if (a.is_v6() && a.scope() != 0) return a;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("the answer comes from the address that was asked, whatever the socket is bound to") {
  struct Row {
    const char* bound;
    const char* asked;
  };
  for (const Row& row : {Row{"0.0.0.0", "127.0.0.1"}, Row{"0.0.0.0", "127.0.0.2"}, Row{"0.0.0.0", "127.9.9.9"},
                         Row{"127.0.0.2", "127.0.0.2"}, Row{"::", "::1"}, Row{"::1", "::1"}}) {
    CAPTURE(row.bound);
    CAPTURE(row.asked);
    net::Loop loop;
    net::DatagramSocket socket = open_on(loop, row.bound);
    std::vector<Arrival> arrivals;
    record(socket, arrivals, true);
    Client client({ip(row.asked), socket.local().port});
    client.send("hello");
    REQUIRE(loop.run_until([&] { return !arrivals.empty(); }, 10s));
    CHECK(arrivals[0].peer == client.local());
    CHECK(arrivals[0].local == ip(row.asked));
    CHECK(arrivals[0].text == "hello");
    CHECK_FALSE(arrivals[0].to_group);
    CHECK_FALSE(arrivals[0].truncated);
    CHECK(client.take() == "re: hello");  // sent by the flush that follows the callback
  }
}

TEST_CASE("a socket bound to one address sends from another one of ours on request") {
  net::Loop loop;
  net::DatagramSocket socket = open_on(loop, "127.0.0.1");
  Client client({ip("127.0.0.3"), socket.local().port});
  socket.send(client.local(), ip("127.0.0.3"), as_bytes("from the third"));
  socket.flush();
  CHECK(client.take() == "from the third");
}

TEST_CASE("each datagram of one batch has its own source address") {
  net::Loop loop;
  net::DatagramSocket socket = open_on(loop, "0.0.0.0");
  std::vector<Client> clients;
  const auto address = [](std::uint32_t last) { return IpAddress::v4(0x7f000000U + last); };
  for (std::uint32_t i = 0; i < 9; ++i)
    clients.emplace_back(Endpoint{address(1 + i), socket.local().port});
  for (std::uint32_t i = 0; i < 9; ++i)
    socket.send(clients[i].local(), address(1 + i), as_bytes(std::to_string(i)));
  CHECK_FALSE(clients[0].take().has_value());  // queued
  socket.flush();
  for (std::uint32_t i = 0; i < 9; ++i)
    CHECK(clients[i].take() == std::to_string(i));
  CHECK(socket.stats().send_calls == 1);
  CHECK(socket.stats().sent == 9);
}

TEST_CASE("without a source address the kernel chooses") {
  net::Loop loop;
  net::DatagramSocket socket = open_on(loop, "0.0.0.0");
  Client client({ip("127.0.0.1"), socket.local().port});
  socket.send(client.local(), {}, as_bytes("x"));
  socket.flush();
  CHECK(client.take() == "x");
}

TEST_CASE("link-local IPv6 is answered with its scope") {
  const auto address = link_local();
  if (!address) {
    MESSAGE("skipped: no interface of this machine has a link-local IPv6 address");
    return;
  }
  for (const IpAddress& bound : {ip("::"), *address}) {
    net::Loop loop;
    auto socket = net::DatagramSocket::open(loop, {bound, 0}, {});
    REQUIRE(socket.has_value());
    std::vector<Arrival> arrivals;
    record(*socket, arrivals, true);
    Client client({*address, socket->local().port});
    client.send("hello");
    REQUIRE(loop.run_until([&] { return !arrivals.empty(); }, 10s));
    CHECK(arrivals[0].local == *address);
    CHECK(arrivals[0].peer.address.scope() == address->scope());
    CHECK(client.take() == "re: hello");
  }
}

TEST_CASE("sockets for 0.0.0.0 and :: can share a port") {
  net::Loop loop;
  net::DatagramSocket four = open_on(loop, "0.0.0.0");
  const auto six = net::DatagramSocket::open(loop, {ip("::"), four.local().port}, {});
  CHECK(six.has_value());
}

TEST_CASE("a port that is in use gives a readable error") {
  net::Loop loop;
  net::DatagramSocket first = open_on(loop, "127.0.0.1");
  const auto second = net::DatagramSocket::open(loop, first.local(), {});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == Errc::system);
  CHECK(second.error().text == "can't listen on UDP " + first.local().to_string() + ": Address already in use");
}

TEST_CASE("many datagrams come in few batches, whole and in order") {
  net::Loop loop;
  net::DatagramSocket socket = open_on(loop, "127.0.0.1");
  Client client(socket.local());
  constexpr int kCount = 3 * static_cast<int>(net::DatagramSocket::kBatch) + 5;
  for (int i = 0; i < kCount; ++i)
    client.send(std::to_string(i));
  std::vector<Arrival> arrivals;
  record(socket, arrivals);
  REQUIRE(loop.run_until([&] { return arrivals.size() >= kCount; }, 10s));
  for (int i = 0; i < kCount; ++i)
    CHECK(arrivals[static_cast<std::size_t>(i)].text == std::to_string(i));
  CHECK(socket.stats().received == kCount);
  CHECK(socket.stats().receive_calls <= 5);
}

TEST_CASE("a flood does not keep the loop from its timers") {
  net::Loop loop;
  net::DatagramSocket socket = open_on(loop, "127.0.0.1");
  Client client(socket.local());
  std::size_t seen = 0;
  bool fired = false;
  std::size_t seen_at_timer = 0;
  net::Timer timer(loop, [&] {
    fired = true;
    seen_at_timer = seen;
  });
  for (std::size_t i = 0; i < net::DatagramSocket::kBatch; ++i)
    client.send("x");
  socket.receive([&](std::span<const net::Datagram> batch) {
    if (seen == 0) timer.arm_at({});
    seen += batch.size();
    if (!fired) {  // as many again as were read: the queue is never empty
      for (std::size_t i = 0; i < batch.size(); ++i)
        client.send("x");
    }
  });
  REQUIRE(loop.run_until([&] { return fired; }, 30s));
  CHECK(seen_at_timer <= 2 * net::DatagramSocket::kMaxBatchesPerTurn * net::DatagramSocket::kBatch);
}

TEST_CASE("a datagram longer than the buffer is marked, an empty one is one") {
  net::Loop loop;
  net::DatagramSocket socket = open_on(loop, "127.0.0.1");
  Client client(socket.local());
  std::vector<Arrival> arrivals;
  record(socket, arrivals);
  client.send(std::string(net::DatagramSocket::Options{}.max_receive, 'a'));
  client.send(std::string(net::DatagramSocket::Options{}.max_receive + 1, 'b'));
  client.send("");
  REQUIRE(loop.run_until([&] { return arrivals.size() == 3; }, 10s));
  CHECK_FALSE(arrivals[0].truncated);
  CHECK(arrivals[0].text.size() == net::DatagramSocket::Options{}.max_receive);
  CHECK(arrivals[1].truncated);
  CHECK(arrivals[1].text.size() == net::DatagramSocket::Options{}.max_receive);
  CHECK_FALSE(arrivals[2].truncated);
  CHECK(arrivals[2].text.empty());
}

TEST_CASE("a datagram to a multicast group or a broadcast address is marked") {
  net::Loop loop;
  net::DatagramSocket socket = open_on(loop, "0.0.0.0");
  const in_addr loopback = net::to_in(ip("127.0.0.1"));
  const ip_mreq membership{.imr_multiaddr = net::to_in(ip("239.1.2.3")), .imr_interface = loopback};
  std::vector<Arrival> arrivals;
  record(socket, arrivals);
  net::Descriptor sender(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  REQUIRE(setsockopt(sender.number(), SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes) == 0);
  REQUIRE(setsockopt(sender.number(), IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof loopback) == 0);
  // Membership is of the host: any socket's is enough for a socket bound to the wildcard address.
  REQUIRE(setsockopt(sender.number(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof membership) == 0);
  for (const char* group : {"239.1.2.3", "127.255.255.255"}) {
    const auto to = net::to_socket_address({ip(group), socket.local().port});
    REQUIRE(sendto(sender.number(), "x", 1, 0, &to.any, to.size()) == 1);
  }
  REQUIRE(loop.run_until([&] { return arrivals.size() == 2; }, 10s));
  CHECK(arrivals[0].local == ip("239.1.2.3"));
  CHECK(arrivals[0].to_group);
  CHECK(arrivals[1].local == ip("127.255.255.255"));
  CHECK(arrivals[1].to_group);
}

TEST_CASE("head is copied, body is not; both make one datagram") {
  net::Loop loop;
  net::DatagramSocket socket = open_on(loop, "127.0.0.1");
  Client client(socket.local());
  std::string head(net::DatagramSocket::kMaxHead, 'h');
  std::string body = "body";
  socket.send(client.local(), {}, as_bytes(head), as_bytes(body));
  head.assign(head.size(), '?');
  body = "BODY";
  socket.flush();
  CHECK(client.take() == std::string(net::DatagramSocket::kMaxHead, 'h') + "BODY");
}

TEST_CASE("a head that is too long to be copied is sent at once, after what was queued") {
  net::Loop loop;
  net::DatagramSocket socket = open_on(loop, "127.0.0.1");
  Client client(socket.local());
  socket.send(client.local(), {}, as_bytes("first"));
  {
    const std::string head(net::DatagramSocket::kMaxHead + 1, 'h');
    socket.send(client.local(), {}, as_bytes(head), as_bytes("body"));
  }
  CHECK(client.take() == "first");
  CHECK(client.take() == std::string(net::DatagramSocket::kMaxHead + 1, 'h') + "body");
}

TEST_CASE("a full batch leaves without a flush") {
  net::Loop loop;
  net::DatagramSocket socket = open_on(loop, "127.0.0.1");
  Client client(socket.local());
  for (std::size_t i = 0; i < net::DatagramSocket::kBatch; ++i)
    socket.send(client.local(), {}, as_bytes("x"));
  CHECK(socket.stats().sent == net::DatagramSocket::kBatch);
  CHECK(client.take() == "x");
}

TEST_CASE("a closed peer's ICMP answer does not stop the socket") {
  net::Loop loop;
  net::DatagramSocket socket = open_on(loop, "127.0.0.1");
  std::vector<Arrival> arrivals;
  record(socket, arrivals, true);
  Client gone(socket.local());
  const Endpoint nobody = gone.local();
  gone.close();
  for (int i = 0; i < 3; ++i) {
    socket.send(nobody, {}, as_bytes("x"));
    socket.flush();
  }
  Client client(socket.local());
  client.send("still there?");
  REQUIRE(loop.run_until([&] { return !arrivals.empty(); }, 10s));
  CHECK(client.take() == "re: still there?");
}

TEST_CASE("an error for an earlier datagram does not affect the next one") {
  net::Loop loop;
  net::DatagramSocket socket = open_on(loop, "127.0.0.1");
  Client client(socket.local());
  int calls = 0;
  const FaultySendmmsg fault([&](int fd, mmsghdr* m, unsigned n, int flags) {
    return ++calls == 1 ? -ECONNREFUSED : FaultySendmmsg::real(fd, m, n, flags);
  });
  socket.send(client.local(), {}, as_bytes("x"));
  socket.flush();
  CHECK(client.take() == "x");
  CHECK(socket.stats().send_errors == 0);
}

TEST_CASE("a datagram that the kernel refuses is skipped and counted; those around it arrive") {
  net::Loop loop;
  net::DatagramSocket socket = open_on(loop, "127.0.0.1");
  Client client(socket.local());
  // Linux: a source address that is not ours is EINVAL; so is one of 70,000 octets EMSGSIZE; port 0 EINVAL.
  const std::string huge(70'000, 'x');
  socket.send(client.local(), {}, as_bytes("1"));
  socket.send(client.local(), ip("192.0.2.77"), as_bytes("not ours"));
  socket.send(client.local(), {}, as_bytes("2"));
  socket.send(client.local(), {}, {}, as_bytes(huge));
  socket.send({client.local().address, 0}, {}, as_bytes("no port"));
  socket.send({ip("::1"), 69}, {}, as_bytes("another family"));
  socket.send(client.local(), {}, as_bytes("3"));
  socket.flush();
  CHECK(client.take() == "1");
  CHECK(client.take() == "2");
  CHECK(client.take() == "3");
  CHECK(socket.stats().sent == 3);
  CHECK(socket.stats().send_errors == 4);
  CHECK(socket.stats().send_dropped == 0);
}

TEST_CASE("each refusal of the kernel skips one datagram") {
  for (const int refusal : {EINVAL, ENETUNREACH, EHOSTUNREACH, EPERM, EACCES, ENOBUFS, EMSGSIZE}) {
    CAPTURE(refusal);
    net::Loop loop;
    net::DatagramSocket socket = open_on(loop, "127.0.0.1");
    Client client(socket.local());
    int calls = 0;
    const FaultySendmmsg fault([&](int fd, mmsghdr* m, unsigned n, int flags) {
      ++calls;
      if (calls == 1) return FaultySendmmsg::real(fd, m, 1, flags);  // as if the second one failed
      return calls == 2 ? -refusal : FaultySendmmsg::real(fd, m, n, flags);
    });
    for (const char* text : {"1", "2", "3"})
      socket.send(client.local(), {}, as_bytes(text));
    socket.flush();
    CHECK(client.take() == "1");
    CHECK(client.take() == "3");
    CHECK(socket.stats().send_errors == 1);
  }
}

TEST_CASE("datagrams for which the kernel's buffer has no room wait, and are sent first and in order") {
  net::Loop loop;
  net::DatagramSocket socket = open_on(loop, "127.0.0.1");
  Client client(socket.local());
  bool full = true;
  const FaultySendmmsg fault([&](int fd, mmsghdr* m, unsigned n, int flags) {
    return full ? -EAGAIN : FaultySendmmsg::real(fd, m, n, flags);
  });
  constexpr int kCount = 150;  // more than two batches
  for (int i = 0; i < kCount; ++i) {
    std::string body = std::to_string(i);
    socket.send(client.local(), ip("127.0.0.1"), as_bytes("#"), as_bytes(body));
    socket.flush();
    body.assign(body.size(), '?');  // flush is the end of its lease
  }
  CHECK_FALSE(client.take().has_value());
  full = false;
  socket.send(client.local(), {}, as_bytes("last"));
  socket.flush();
  std::vector<std::string> got;
  REQUIRE(loop.run_until(
      [&] {
        while (auto text = client.take())
          got.push_back(*text);
        return got.size() > kCount;
      },
      10s));
  for (int i = 0; i < kCount; ++i)
    CHECK(got[static_cast<std::size_t>(i)] == "#" + std::to_string(i));
  CHECK(got.back() == "last");
  CHECK(socket.stats().send_dropped == 0);
}

TEST_CASE("the backlog has a bound in datagrams and in octets") {
  net::Loop loop;
  const FaultySendmmsg fault([](int, mmsghdr*, unsigned, int) { return -EAGAIN; });
  {
    net::DatagramSocket socket = open_on(loop, "127.0.0.1");
    for (std::size_t i = 0; i < net::DatagramSocket::kMaxBacklog + 100; ++i)
      socket.send({ip("127.0.0.1"), 9}, {}, as_bytes("x"));
    socket.flush();
    CHECK(socket.stats().send_dropped == 100);
  }
  net::DatagramSocket socket = open_on(loop, "127.0.0.1");
  const std::string body(60'000, 'x');
  for (int i = 0; i < 100; ++i)
    socket.send({ip("127.0.0.1"), 9}, {}, as_bytes(""), as_bytes(body));
  socket.flush();
  CHECK(socket.stats().send_dropped == 100 - net::DatagramSocket::kMaxBacklogOctets / body.size());
}

TEST_CASE("a socket may be destroyed in its own callback, and is not called afterwards") {
  net::Loop loop;
  std::optional<net::DatagramSocket> socket = open_on(loop, "127.0.0.1");
  Client client(socket->local());
  constexpr std::size_t kCount = net::DatagramSocket::kBatch + 1;
  for (std::size_t i = 0; i < kCount; ++i)
    client.send("x");
  int calls = 0;
  socket->receive([&](std::span<const net::Datagram> batch) {
    ++calls;
    socket->send(batch[0].peer, batch[0].local, as_bytes("never leaves"));
    socket.reset();
    CHECK(batch[0].octets.size() == 1);  // the batch is still there
  });
  REQUIRE(loop.run_until([&] { return calls != 0; }, 10s));
  loop.run();
  CHECK(calls == 1);
  CHECK_FALSE(client.take().has_value());
}

TEST_CASE("a moved socket goes on") {
  net::Loop loop;
  net::DatagramSocket first = open_on(loop, "127.0.0.1");
  net::DatagramSocket socket = open_on(loop, "127.0.0.1");
  socket = std::move(first);
  std::vector<Arrival> arrivals;
  record(socket, arrivals, true);
  Client client(socket.local());
  client.send("x");
  REQUIRE(loop.run_until([&] { return !arrivals.empty(); }, 10s));
  CHECK(client.take() == "re: x");
}

TEST_CASE("a datagram to a closed port is reported with its destination and first octets, and others go on") {
  for (const char* own : {"127.0.0.1", "0.0.0.0", "::1"}) {
    CAPTURE(own);
    net::Loop loop;
    net::DatagramSocket socket = open_on(loop, own);
    const bool v6 = socket.local().address.is_v6();
    Endpoint gone;
    {
      net::DatagramSocket closed = open_on(loop, v6 ? "::1" : "127.0.0.1");
      gone = closed.local();
    }
    std::vector<Arrival> arrivals;
    record(socket, arrivals);
    std::vector<std::pair<Endpoint, std::string>> errors;
    socket.receive_errors([&](const net::Undelivered& u) {
      CHECK(u.why.find("port unreachable") != u.why.npos);
      errors.emplace_back(u.peer, as_text(u.octets));
    });
    Client client({v6 ? ip("::1") : ip("127.0.0.1"), socket.local().port});
    for (int i = 0; i < 3; ++i) {
      socket.send(gone, {}, as_bytes("INVITE"), as_bytes(" branch"));
      socket.send(client.local(), {}, as_bytes("still here"));
      socket.flush();
    }
    client.send("hello");
    REQUIRE(loop.run_until([&] { return errors.size() == 3 && arrivals.size() == 1; }, 5s));
    CHECK(errors.front().first == gone);
    CHECK(errors.front().second == "INVITE branch");
    for (int i = 0; i < 3; ++i)
      CHECK(client.take() == "still here");
    CHECK(socket.stats().undelivered == 3);
    CHECK(socket.stats().send_errors == 0);
  }
}

TEST_CASE("the callback for a datagram that did not arrive may destroy the socket") {
  net::Loop loop;
  std::optional<net::DatagramSocket> socket(open_on(loop, "127.0.0.1"));
  Endpoint gone;
  {
    net::DatagramSocket closed = open_on(loop, "127.0.0.1");
    gone = closed.local();
  }
  std::vector<Arrival> arrivals;
  record(*socket, arrivals);
  int reports = 0;
  socket->receive_errors([&](const net::Undelivered&) {
    ++reports;
    socket.reset();
  });
  for (int i = 0; i < 5; ++i)
    socket->send(gone, {}, as_bytes("x"));
  socket->flush();
  REQUIRE(loop.run_until([&] { return reports > 0; }, 5s));
  CHECK(reports == 1);
}
