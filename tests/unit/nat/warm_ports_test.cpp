#include "nat/core/media/warm_ports.hpp"

#include <doctest/doctest.h>

#include <set>

#include "tests/unit/nat/sim_nat.hpp"

using namespace dw;
using namespace dw::nat;
using namespace dw::nat::test;
using namespace std::chrono_literals;

namespace {

const Endpoint kWarmServer = at("203.0.113.10:3478");
const IpAddress kWarmLocal = at("192.168.1.10:1").address;

std::vector<std::uint16_t> rtp_ports(std::size_t count) {
  std::vector<std::uint16_t> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(static_cast<std::uint16_t>(20000 + 2 * i));
  return out;
}

/// A pool of pairs on a host behind a NAT, in virtual time.
struct WarmHome {
  SimNat nat;
  WarmPorts ports;
  std::set<std::uint16_t> bound;  ///< RTP ports
  std::set<std::uint16_t> not_ours;
  std::size_t sent = 0;

  explicit WarmHome(std::size_t warm = 4, std::size_t all = 10)
      : ports({kWarmLocal, rtp_ports(all), warm, 20s, kWarmServer, seeded_random(3)}) {
    nat.filtering = Behaviour::address_and_port_dependent;
  }
  void perform(WarmPorts::Actions actions) {
    for (const std::uint16_t port : actions.close)
      CHECK(bound.erase(port) == 1);
    for (const std::uint16_t port : actions.bind) {
      if (not_ours.contains(port)) {
        perform(ports.on_bind_failed(nat.now, port));
      } else {
        CHECK(bound.insert(port).second);
      }
    }
    for (const auto& send : actions.sends) {
      const auto rtp = static_cast<std::uint16_t>(send.port & ~1U);
      if (not_ours.contains(rtp)) continue;
      REQUIRE(bound.contains(rtp));
      nat.sockets[send.port] = {kWarmLocal, send.port};
      nat.send({send.port, send.to, send.octets});
      ++sent;
    }
  }
  void start() {
    perform(ports.start(nat.now));
    run(5s);
  }
  void run(Duration time) {
    const TimePoint end = nat.now + time;
    for (unsigned steps = 0; steps < 100'000; ++steps) {
      while (!nat.inbox.empty()) {
        const auto a = std::move(nat.inbox.front());
        nat.inbox.pop_front();
        perform(ports.on_datagram(nat.now, static_cast<std::uint16_t>(a.socket), a.octets));
      }
      const auto next = ports.next_deadline();
      if (!next || *next > end) break;
      CHECK(*next >= nat.now);
      nat.now = std::max(*next, nat.now);
      perform(ports.on_deadline(nat.now));
    }
    nat.now = end;
  }
  std::optional<WarmPorts::Pair> take() {
    WarmPorts::Actions actions;
    const auto pair = ports.take(nat.now, actions);
    perform(std::move(actions));
    return pair;
  }
  /// As the NAT has it.
  Endpoint outside(std::uint16_t port) {
    for (const auto& m : nat.mappings)
      if (m.inside == Endpoint{kWarmLocal, port}) return m.outside;
    return {};
  }
};

}  // namespace

TEST_CASE("warm ports: behind a router that maps by port, pairs stand ready and their external ports are right") {
  WarmHome home;
  home.start();
  CHECK(home.ports.facts().maps == RouterMaps::by_port);
  CHECK(home.ports.facts().ready == 4);
  CHECK(home.ports.facts().keeps_numbers == false);
  CHECK(home.bound.size() == 4);
  const auto pair = home.take();
  REQUIRE(pair);
  CHECK(pair->rtp == home.outside(pair->port));
  CHECK(pair->rtcp == home.outside(static_cast<std::uint16_t>(pair->port + 1)));
  CHECK_FALSE(home.bound.contains(pair->port));  // closed, for the stream to bind
}

TEST_CASE("warm ports: the pool is full again at once, and each stream has a pair of its own") {
  WarmHome home;
  home.start();
  std::set<std::uint16_t> taken;
  for (int i = 0; i < 6; ++i) {
    const auto pair = home.take();
    REQUIRE(pair);
    CHECK(taken.insert(pair->port).second);
    CHECK(home.bound.size() == 4);
    home.run(200ms);
    CHECK(home.ports.facts().ready == 4);
  }
  // Ten are all there are.
  for (int i = 0; i < 4; ++i)
    CHECK(home.take());
  CHECK_FALSE(home.take());
}

TEST_CASE("warm ports: a pair whose external ports follow each other goes first") {
  WarmHome home(2, 2);
  const auto map = [&](std::uint16_t port, std::uint16_t outside) {
    home.nat.mappings.push_back({{kWarmLocal, port}, {}, {home.nat.outer_address, outside}, {}, home.nat.now});
  };
  map(20000, 41000);
  map(20001, 41700);
  map(20002, 42000);
  map(20003, 42001);
  home.start();
  CHECK(home.take()->port == 20002);
  const auto other = home.take();
  CHECK(other->port == 20000);  // better than none: RTP is right
  CHECK(other->rtcp == Endpoint{home.nat.outer_address, 41700});
}

TEST_CASE("warm ports: a pair that comes back rests before it stands ready again") {
  WarmHome home(1, 1);
  home.start();
  const auto pair = home.take();
  REQUIRE(pair);
  CHECK(home.bound.empty());
  home.perform(home.ports.give_back(home.nat.now, pair->port));
  home.run(WarmPorts::kQuarantine - 1s);
  CHECK(home.bound.empty());
  home.run(2s);
  CHECK(home.ports.facts().ready == 1);
  CHECK(home.take());
  home.perform(home.ports.give_back(home.nat.now, 4444));  // nobody's
}

TEST_CASE("warm ports: where each target has another mapping, nothing is offered and one pair goes on looking") {
  for (const Behaviour mapping : {Behaviour::address_dependent, Behaviour::address_and_port_dependent}) {
    WarmHome home;
    home.nat.mapping = mapping;
    home.start();
    CHECK(home.ports.facts().maps == RouterMaps::by_target);
    CHECK(home.ports.facts().ready == 0);
    CHECK(home.bound.size() == 1);
    CHECK_FALSE(home.take());
    home.nat.mapping = Behaviour::endpoint_independent;  // another router
    home.nat.mappings.clear();
    home.run(25s);
    CHECK(home.ports.facts().maps == RouterMaps::by_port);
    CHECK(home.take());
  }
}

TEST_CASE("warm ports: without NAT nothing is offered") {
  WarmHome home;
  home.nat.nat = false;
  home.start();
  CHECK(home.ports.facts().maps == RouterMaps::nothing);
  CHECK(home.bound.size() == 1);
  CHECK_FALSE(home.take());
}

TEST_CASE("warm ports: a server with one address and no other port says what it sees, and that is taken") {
  WarmHome home;
  home.nat.server_addresses = {kWarmServer.address};
  home.start();
  CHECK(home.ports.facts().maps == RouterMaps::by_port);
  home.nat.lose = [] { return false; };
}

TEST_CASE("warm ports: a router that keeps port numbers is known for it") {
  WarmHome home;
  home.nat.keeps_numbers = true;
  home.start();
  CHECK(home.ports.facts().keeps_numbers == true);
  const auto pair = home.take();
  REQUIRE(pair);
  CHECK(pair->rtp == Endpoint{home.nat.outer_address, pair->port});
}

TEST_CASE("warm ports: mappings are kept open in a router that forgets them after half a minute") {
  WarmHome home;
  home.nat.lifetime = 30s;
  home.start();
  const auto before = home.outside(20000);
  home.sent = 0;
  home.run(10min);
  CHECK(home.outside(20000) == before);
  CHECK(home.ports.facts().ready == 4);
  CHECK(home.sent < 9 * 2 * 4 * 10);  // and no oftener than every fifteen seconds
}

TEST_CASE("warm ports: a new address of the router is learned by all pairs as soon as one of them hears of it") {
  WarmHome home;
  home.start();
  home.nat.outer_address = at("198.51.100.99:1").address;
  home.nat.mappings.clear();
  home.run(20s);
  CHECK(home.ports.facts().address == home.nat.outer_address);
  CHECK(home.ports.facts().ready == 4);
  for (int i = 0; i < 4; ++i) {
    const auto pair = home.take();
    REQUIRE(pair);
    CHECK(pair->rtp.address == home.nat.outer_address);
    CHECK(pair->rtp == home.outside(pair->port));
  }
}

TEST_CASE("warm ports: who hears that we are seen elsewhere can have all asked again at once") {
  WarmHome home;
  home.start();
  home.nat.outer_address = at("198.51.100.99:1").address;
  home.nat.mappings.clear();
  home.perform(home.ports.look_again(home.nat.now));
  home.run(300ms);
  CHECK(home.ports.facts().address == home.nat.outer_address);
  CHECK(home.ports.facts().ready == 4);
}

TEST_CASE("warm ports: one pair asks a silent server, ever less often; when it answers all are there") {
  WarmHome home;
  home.nat.deaf = true;
  home.start();
  CHECK(home.ports.facts().maps == RouterMaps::unknown);
  CHECK(home.ports.facts().error == "no answer");
  CHECK(home.bound.size() == 1);
  home.sent = 0;
  home.run(10min);
  CHECK(home.sent < 150);
  home.nat.deaf = false;
  home.run(70s);
  CHECK(home.ports.facts().maps == RouterMaps::by_port);
  CHECK(home.ports.facts().ready == 4);
  CHECK(home.ports.facts().error.empty());
}

TEST_CASE("warm ports: a server that goes away is noticed after three refreshes, and one lost answer is nothing") {
  WarmHome home;
  home.start();
  home.nat.deaf = true;
  home.run(20s);
  CHECK(home.ports.facts().ready == 4);
  home.run(90s);
  CHECK(home.ports.facts().maps == RouterMaps::unknown);
  CHECK_FALSE(home.take());
  home.nat.deaf = false;
  home.run(30s);
  CHECK(home.ports.facts().ready == 4);
}

TEST_CASE("warm ports: a port that somebody else has is passed over") {
  WarmHome home;
  home.not_ours = {20000, 20004};
  home.start();
  CHECK(home.ports.facts().ready == 4);
  CHECK_FALSE(home.bound.contains(20000));
}

TEST_CASE("warm ports: lost questions are asked again") {
  WarmHome home;
  std::mt19937 engine(11);
  home.nat.lose = [&engine] { return engine() % 3 == 0; };
  home.start();
  home.run(1min);
  CHECK(home.ports.facts().maps == RouterMaps::by_port);
  CHECK(home.ports.facts().ready >= 3);
}

TEST_CASE("warm ports: none wanted closes every socket, and what is known stays for those who come back") {
  WarmHome home;
  home.start();
  home.perform(home.ports.set_warm(home.nat.now, 0));
  CHECK(home.bound.empty());
  CHECK_FALSE(home.ports.next_deadline());
  CHECK_FALSE(home.take());
  CHECK(home.ports.facts().address == home.nat.outer_address);
  home.perform(home.ports.set_warm(home.nat.now, 2));
  home.run(2s);
  CHECK(home.ports.facts().ready == 2);
}

TEST_CASE("warm ports: what answers none of our questions changes nothing") {
  WarmHome home;
  home.start();
  const auto facts = home.ports.facts();
  StunMessage forged;
  forged.kind = StunMessage::Kind::success;
  forged.xor_mapped = at("203.0.113.66:6666");
  home.perform(home.ports.on_datagram(home.nat.now, 20000, to_octets(forged)));
  home.perform(home.ports.on_datagram(home.nat.now, 20000, as_bytes("hello")));
  home.perform(home.ports.on_datagram(home.nat.now, 20000, {}));
  CHECK(home.ports.facts() == facts);
}

TEST_CASE("warm ports: many pairs never have more questions under way than the asker holds") {
  WarmHome home(100, 128);
  home.start();
  home.run(20s);
  CHECK(home.ports.facts().ready == 100);
  home.nat.deaf = true;
  home.run(10min);
  CHECK(home.bound.size() == 1);
}
