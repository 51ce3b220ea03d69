#include "nat/warm_pool.hpp"

#include <doctest/doctest.h>

#include "nat/relay.hpp"
#include "sbc/net/datagram_socket.hpp"

using namespace dw;
using namespace std::chrono_literals;
using nat::RouterMaps;

namespace {

const IpAddress kPoolHere = IpAddress::v4(0x7f000001);
const IpAddress kPoolOutside = *IpAddress::parse("198.51.100.7");

/// A STUN server on this machine that answers as if a router were in between: ports appear 10,000 higher.
struct StunPlace {
  StunPlace() {
    auto opened = net::DatagramSocket::open(loop, {kPoolHere, 0}, {});
    REQUIRE(opened);
    server = std::move(*opened);
    server->receive([this](std::span<const net::Datagram> all) {
      for (const auto& d : all) {
        const auto asked = nat::parse_stun(d.octets);
        if (!asked || deaf) continue;
        nat::StunMessage answer;
        answer.kind = nat::StunMessage::Kind::success;
        answer.id = asked->id;
        answer.xor_mapped = Endpoint{outside, static_cast<std::uint16_t>(d.peer.port + shift)};
        const Buffer octets = nat::to_octets(answer);
        server->send(d.peer, {}, octets);
        server->flush();
        ++asked_for;
      }
    });
    options.stun_server = HostPort{"127.0.0.1", server->local().port};
    options.ports = nat::first_pairs(42000, 42199, 20);
    options.warm = 3;
  }
  nat::WarmPool& start() {
    pool = std::make_unique<nat::WarmPool>(loop, options);
    pool->start();
    return *pool;
  }
  bool ready(std::size_t pairs) {
    return loop.run_until([&] { return pool->state().ports.ready == pairs; }, 10s);
  }

  net::Loop loop;
  std::optional<net::DatagramSocket> server;
  IpAddress outside = kPoolOutside;
  unsigned shift = 10000;
  bool deaf = false;
  unsigned asked_for = 0;
  nat::WarmPool::Options options;
  std::unique_ptr<nat::WarmPool> pool;
};

}  // namespace

TEST_CASE(
    "warm pool: a pair that is taken has the endpoints that the server saw, can be bound at once, and is replaced") {
  StunPlace place;
  nat::WarmPool& pool = place.start();
  REQUIRE(place.ready(3));
  nat::RelayOptions relay_options;
  relay_options.first_port = 42000;
  relay_options.last_port = 42199;
  relay_options.mapped_pairs = place.options.ports.size();
  const auto relay = nat::make_epoll_relay(relay_options);
  REQUIRE(relay);
  for (int i = 0; i < 10; ++i) {
    const auto pair = pool.take(kPoolHere);
    REQUIRE(pair);
    CHECK(pair->external == Endpoint{kPoolOutside, static_cast<std::uint16_t>(pair->local.port + 10000)});
    const auto stream = (*relay)->open({.phone_local = IpAddress::v4(0x7f000101),
                                        .central_local = kPoolHere,
                                        .phone = kPoolHere,
                                        .central_ports = {pair->local.port}});
    REQUIRE(stream);
    CHECK(stream->central_port == pair->local.port);
    REQUIRE(place.ready(3));
  }
  CHECK(pool.state().ports.taken == 10);
}

TEST_CASE("warm pool: nothing is offered at another address of ours") {
  StunPlace place;
  nat::WarmPool& pool = place.start();
  REQUIRE(place.ready(3));
  CHECK_FALSE(pool.take(IpAddress::v4(0x7f000002)));
  CHECK_FALSE(pool.anchor(IpAddress::v4(0x7f000002)));
  CHECK(pool.anchor(kPoolHere) == Endpoint{kPoolHere, place.options.stun_server->port});
}

TEST_CASE("warm pool: of a router that keeps port numbers every port is known, of another none is") {
  StunPlace place;
  nat::WarmPool& pool = place.start();
  REQUIRE(place.ready(3));
  CHECK_FALSE(pool.seen({kPoolHere, 50000}));
  place.pool.reset();
  place.shift = 0;
  nat::WarmPool& keeps = place.start();
  REQUIRE(place.ready(3));
  CHECK(keeps.seen({kPoolHere, 50000}) == Endpoint{kPoolOutside, 50000});
}

TEST_CASE("warm pool: where nobody answers STUN, what a SIP server saw counts") {
  StunPlace place;
  place.deaf = true;
  nat::WarmPool& pool = place.start();
  CHECK_FALSE(pool.seen({kPoolHere, 50000}));
  CHECK_FALSE(pool.anchor(kPoolHere));
  pool.set_seen({kPoolHere, kPoolOutside, false});
  CHECK_FALSE(pool.seen({kPoolHere, 50000}));
  CHECK(pool.anchor(kPoolHere));
  pool.set_seen({kPoolHere, kPoolOutside, true});
  CHECK(pool.seen({kPoolHere, 50000}) == Endpoint{kPoolOutside, 50000});
  pool.set_seen({kPoolHere, kPoolHere, true});  // no NAT
  CHECK_FALSE(pool.seen({kPoolHere, 50000}));
  CHECK_FALSE(pool.anchor(kPoolHere));
}

TEST_CASE("warm pool: a new address of the router is reported at once, whoever saw it") {
  StunPlace place;
  nat::WarmPool& pool = place.start();
  REQUIRE(place.ready(3));
  unsigned reports = 0;
  pool.set_on_address([&] { ++reports; });
  CHECK(pool.address(kPoolHere) == kPoolOutside);
  CHECK_FALSE(pool.address(IpAddress::v4(0x7f000002)));
  const IpAddress moved = *IpAddress::parse("198.51.100.8");
  place.outside = moved;
  pool.set_seen({kPoolHere, moved, false});  // a SIP server's answer shows it first
  REQUIRE(place.loop.run_until([&] { return pool.address(kPoolHere) == moved; }, 10s));
  CHECK(reports >= 2);
  CHECK(pool.state().ports.address == moved);
}

TEST_CASE("warm pool: without NAT our own address is right, and nothing needs a way") {
  StunPlace place;
  place.outside = kPoolHere;
  place.shift = 0;
  nat::WarmPool& pool = place.start();
  REQUIRE(place.loop.run_until([&] { return pool.state().ports.maps == RouterMaps::nothing; }, 10s));
  CHECK_FALSE(pool.take(kPoolHere));
  CHECK_FALSE(pool.seen({kPoolHere, 50000}));
  CHECK_FALSE(pool.anchor(kPoolHere));
}

TEST_CASE("warm pool: idle while the router grants ports, and off where it is off") {
  StunPlace place;
  nat::WarmPool& pool = place.start();
  REQUIRE(place.ready(3));
  pool.set_idle(true);
  CHECK_FALSE(pool.take(kPoolHere));
  CHECK(pool.state().ports.ready == 0);
  pool.set_idle(false);
  CHECK(place.ready(3));
  pool.configure(place.options.stun_server, 0);
  CHECK_FALSE(pool.state().asked);
  CHECK_FALSE(pool.take(kPoolHere));
  pool.configure(place.options.stun_server, 2);
  CHECK(place.ready(2));
}

TEST_CASE("warm pool: the first pairs are half of a small range at most") {
  CHECK(nat::first_pairs(20001, 20010, 64) == std::vector<std::uint16_t>{20002, 20004});
  CHECK(nat::first_pairs(20000, 29999, 2) == std::vector<std::uint16_t>{20000, 20002});
  CHECK(nat::first_pairs(20000, 20001, 2).empty());
}
