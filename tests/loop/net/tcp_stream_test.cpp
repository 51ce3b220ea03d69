#include "sbc/net/tcp_stream.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <optional>
#include <string>

using namespace dw;
using namespace std::chrono_literals;

namespace {

const Endpoint kAnyPort{IpAddress::v4(0x7f000001), 0};

/// The events of one end of a connection.
struct StreamEnd {
  net::TcpStream stream;
  Buffer received;
  bool connected = false, clean = false;
  std::optional<std::string> ended;

  net::TcpStream::Events events() {
    return {[this] { connected = true; },
            [this](Bytes octets) { received.insert(received.end(), octets.begin(), octets.end()); },
            [this](bool is_clean, std::string_view why) {
              clean = is_clean;
              ended = std::string(why);
            }};
  }
};

/// A listener and a connection to it.
struct Pair {
  net::Loop loop;
  StreamEnd near, far;
  Endpoint seen_peer;
  std::optional<net::TcpListener> listener;

  Pair() {
    auto opened =
        net::TcpListener::open(loop, kAnyPort, [this](net::Descriptor socket, const Endpoint& peer, const Endpoint&) {
          seen_peer = peer;
          far.stream = net::TcpStream::adopt(loop, std::move(socket), far.events());
        });
    REQUIRE(opened);
    listener.emplace(std::move(*opened));
    auto made = net::TcpStream::connect(loop, listener->local(), {}, near.events());
    REQUIRE(made);
    near.stream = std::move(*made);
    REQUIRE(loop.run_until([this] { return near.connected && far.stream; }, 5s));
  }
};

}  // namespace

TEST_CASE("octets go both ways, and both ends know each other") {
  Pair p;
  CHECK(p.seen_peer == p.near.stream.local());
  CHECK(p.near.stream.peer() == p.listener->local());
  CHECK(p.far.stream.local() == p.listener->local());
  p.near.stream.send(to_buffer("hello"));
  p.far.stream.send(to_buffer("welcome"));
  CHECK(p.loop.run_until([&] { return p.far.received.size() == 5 && p.near.received.size() == 7; }, 5s));
  CHECK(as_text(p.far.received) == "hello");
}

TEST_CASE("what the kernel does not take at once follows in order") {
  Pair p;
  Buffer sent;
  for (std::size_t i = 0; i < net::TcpStream::kMaxQueued; ++i)
    sent.push_back(static_cast<std::uint8_t>(i * 31 >> 3));
  p.near.stream.send(sent);
  p.near.stream.finish();
  CHECK(p.loop.run_until([&] { return p.far.ended.has_value(); }, 5s));
  CHECK(p.far.received == sent);
  CHECK(p.far.clean);
}

TEST_CASE("a peer that reads nothing ends the stream, without endless buffering") {
  net::Loop loop;
  net::Descriptor held;  // accepted, and nobody reads
  auto listener = net::TcpListener::open(
      loop, kAnyPort, [&](net::Descriptor socket, const Endpoint&, const Endpoint&) { held = std::move(socket); });
  REQUIRE(listener);
  StreamEnd end;
  auto made = net::TcpStream::connect(loop, listener->local(), {}, end.events());
  REQUIRE(made);
  end.stream = std::move(*made);
  REQUIRE(loop.run_until([&] { return held && end.connected; }, 5s));
  const Buffer block(64 << 10, 7);
  for (int i = 0; i < 1000 && !end.ended; ++i) {
    end.stream.send(block);
    loop.run_until([] { return true; }, 1s);
  }
  CHECK(loop.run_until([&] { return end.ended.has_value(); }, 5s));
  CHECK_FALSE(end.clean);
  CHECK(end.ended->find("does not take") != std::string::npos);
}

TEST_CASE("finish ends our side, and the other side's end is still reported") {
  Pair p;
  p.near.stream.finish();
  CHECK(p.loop.run_until([&] { return p.far.ended.has_value(); }, 5s));
  CHECK(p.far.clean);
  p.far.stream = {};
  CHECK(p.loop.run_until([&] { return p.near.ended.has_value(); }, 5s));
}

TEST_CASE("a reset is reported as a reset") {
  Pair p;
  p.near.stream.reset();
  CHECK(p.loop.run_until([&] { return p.far.ended.has_value(); }, 5s));
  CHECK_FALSE(p.far.clean);
  CHECK_FALSE(p.far.ended->empty());
}

TEST_CASE("a reset that a send runs into is still reported as a reset") {
  Pair p;
  p.near.stream.reset();
  for (int i = 0; i < 1000 && !p.far.ended; ++i) {
    p.far.stream.send(to_buffer("x"));
    p.loop.run_until([] { return true; }, 1s);
  }
  CHECK(p.loop.run_until([&] { return p.far.ended.has_value(); }, 5s));
  CHECK_FALSE(p.far.clean);
  CHECK_FALSE(p.far.ended->empty());
}

TEST_CASE("connecting to a closed port ends the stream") {
  net::Loop loop;
  Endpoint nobody;
  {
    auto listener = net::TcpListener::open(loop, kAnyPort, [](auto, auto&, auto&) {});
    REQUIRE(listener);
    nobody = listener->local();
  }
  StreamEnd end;
  auto made = net::TcpStream::connect(loop, nobody, {}, end.events());
  REQUIRE(made);
  end.stream = std::move(*made);
  CHECK(loop.run_until([&] { return end.ended.has_value(); }, 5s));
  CHECK_FALSE(end.connected);
  CHECK_FALSE(end.clean);
}

TEST_CASE("a connection may come from a chosen address") {
  net::Loop loop;
  Endpoint seen;
  StreamEnd near, far;
  auto listener =
      net::TcpListener::open(loop, kAnyPort, [&](net::Descriptor socket, const Endpoint& peer, const Endpoint&) {
        seen = peer;
        far.stream = net::TcpStream::adopt(loop, std::move(socket), far.events());
      });
  REQUIRE(listener);
  const IpAddress source = IpAddress::v4(0x7f000009);
  auto made = net::TcpStream::connect(loop, listener->local(), source, near.events());
  REQUIRE(made);
  near.stream = std::move(*made);
  CHECK(loop.run_until([&] { return seen.address == source; }, 5s));
  CHECK_FALSE(net::TcpStream::connect(loop, listener->local(), *IpAddress::parse("192.0.2.1"), near.events()));
}

TEST_CASE("a stream may be destroyed inside each of its callbacks") {
  for (const bool on_octets : {true, false}) {
    Pair p;
    bool called = false;
    std::optional<net::TcpStream> doomed;
    auto made = net::TcpStream::connect(p.loop, p.listener->local(), {},
                                        {[] {},
                                         [&](Bytes) {
                                           called = true;
                                           if (on_octets) doomed.reset();
                                         },
                                         [&](bool, std::string_view) {
                                           called = true;
                                           doomed.reset();
                                         }});
    REQUIRE(made);
    doomed.emplace(std::move(*made));
    REQUIRE(p.loop.run_until([&] { return p.seen_peer == doomed->local(); }, 5s));
    if (on_octets)
      p.far.stream.send(to_buffer("x"));
    else
      p.far.stream.reset();
    CHECK(p.loop.run_until([&] { return called; }, 5s));
    CHECK_FALSE(doomed.has_value());
  }
}
