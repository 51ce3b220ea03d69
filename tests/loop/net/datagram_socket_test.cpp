#include "tests/loop/net/datagram_fixture.hpp"

using namespace dw;
using namespace std::chrono_literals;
using test::FaultySendmmsg;
using namespace dw::datagram_test;

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
