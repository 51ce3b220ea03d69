#include "tests/loop/net/datagram_fixture.hpp"

// How datagrams leave: in which pieces, in which batches, and what becomes of those that can't.
using namespace dw;
using namespace std::chrono_literals;
using test::FaultySendmmsg;
using namespace dw::datagram_test;

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
