#include <doctest/doctest.h>

#include "tests/unit/nat/sim_nat.hpp"

using namespace dw;
using namespace dw::nat;
using namespace dw::nat::test;
using namespace std::chrono_literals;

namespace {

const Endpoint kStunServer = at("203.0.113.10:3478");
constexpr Behaviour kKinds[] = {Behaviour::endpoint_independent, Behaviour::address_dependent,
                                Behaviour::address_and_port_dependent};

BehaviourProbe::Result behaviour(SimNat& nat, std::uint64_t seed = 1) {
  BehaviourProbe probe(kStunServer, seeded_random(seed));
  probe.set_local(0, nat.local(0));
  probe.set_local(1, nat.local(1));
  const TimePoint began = nat.now;
  nat.run(probe, 1min);
  CHECK(probe.done());
  CHECK(nat.now - began < 8s);
  return probe.result();
}

LifetimeProbe::Result lifetime(SimNat& nat, Duration limit = 3h) {
  LifetimeProbe probe(kStunServer, seeded_random(5));
  nat.run(probe, limit);
  CHECK(probe.done());
  return probe.result();
}

}  // namespace

TEST_CASE("nat probe: each kind of mapping and filtering is recognised") {
  for (const Behaviour mapping : kKinds) {
    for (const Behaviour filtering : kKinds) {
      for (const bool hairpin : {false, true}) {
        CAPTURE(static_cast<int>(mapping));
        CAPTURE(static_cast<int>(filtering));
        CAPTURE(hairpin);
        SimNat nat;
        nat.mapping = mapping;
        nat.filtering = filtering;
        nat.hairpin = hairpin;
        const auto result = behaviour(nat);
        CHECK(result.error.empty());
        CHECK(result.mapping == mapping);
        CHECK(result.filtering == filtering);
        CHECK_FALSE(result.one_address);
        CHECK(result.reflexive->address.to_string() == "198.51.100.7");
        CHECK(result.round_trip);
        // Where each place has another mapping, the one that the server saw lets nobody else in.
        const bool may = mapping == Behaviour::endpoint_independent || filtering == Behaviour::endpoint_independent;
        CHECK(result.hairpin == (hairpin && may));
      }
    }
  }
}

TEST_CASE("nat probe: a server with one address distinguishes ports, and says so") {
  for (const Behaviour kind : kKinds) {
    SimNat nat;
    nat.server_addresses = {kStunServer.address};
    nat.mapping = nat.filtering = kind;
    const auto result = behaviour(nat);
    const bool by_port = kind == Behaviour::address_and_port_dependent;
    CHECK(result.one_address);
    CHECK(result.mapping == (by_port ? kind : Behaviour::endpoint_independent));
    CHECK(result.filtering == (by_port ? kind : Behaviour::endpoint_independent));
  }
}

TEST_CASE("nat probe: without NAT there is no hairpin to test") {
  SimNat nat;
  nat.nat = false;
  const auto result = behaviour(nat);
  CHECK(result.reflexive == nat.local(0));
  CHECK(result.mapping == Behaviour::endpoint_independent);
  CHECK_FALSE(result.hairpin);
}

TEST_CASE("nat probe: nobody answers") {
  SimNat nat;
  nat.deaf = true;
  const auto result = behaviour(nat);
  CHECK(result.error == "no answer");
  CHECK_FALSE(result.reflexive);
  CHECK(result.mapping == Behaviour::unknown);
  CHECK(result.filtering == Behaviour::unknown);
}

TEST_CASE("nat probe: a tenth of the packets lost changes nothing") {
  unsigned right = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimNat nat;
    nat.mapping = nat.filtering = Behaviour::address_and_port_dependent;
    nat.lose = [engine = std::mt19937_64(seed)]() mutable { return engine() % 10 == 0; };
    const auto result = behaviour(nat, seed);
    // Lost answers may leave it unknown, never wrong.
    CHECK((result.mapping == Behaviour::unknown || result.mapping == Behaviour::address_and_port_dependent));
    right += result.mapping == Behaviour::address_and_port_dependent ? 1 : 0;
  }
  CHECK(right > 190);
}

TEST_CASE("nat probe: noise and foreign answers are not taken") {
  SimNat nat;
  BehaviourProbe probe(kStunServer, seeded_random(3));
  const auto sends = probe.start(nat.now);
  REQUIRE(sends.size() == 2);
  StunMessage forged;
  forged.kind = StunMessage::Kind::success;
  forged.xor_mapped = at("192.0.2.66:1");
  (void)probe.on_datagram(nat.now, 0, to_octets(forged));
  (void)probe.on_datagram(nat.now, 0, Buffer{1, 2, 3});
  CHECK_FALSE(probe.result().reflexive);
  CHECK_FALSE(probe.done());
}

TEST_CASE("nat probe: how long a mapping lives") {
  for (const auto life : {3s, 6s, 20s, 30s, 45s, 60s, 120s, 180s, 300s}) {
    CAPTURE(life.count());
    SimNat nat;
    nat.filtering = Behaviour::address_and_port_dependent;
    nat.lifetime = life;
    const auto result = lifetime(nat);
    CHECK(result.error.empty());
    REQUIRE(result.alive);
    REQUIRE(result.dead);
    CHECK(*result.alive <= life);
    CHECK(*result.dead > life);
    CHECK(*result.dead - *result.alive <= std::max(LifetimeProbe::kFine, *result.alive / 8));
  }
}

TEST_CASE("nat probe: a mapping that outlives the test") {
  SimNat nat;
  const auto result = lifetime(nat);
  CHECK(result.alive == LifetimeProbe::kLongest);
  CHECK_FALSE(result.dead);
}

TEST_CASE("nat probe: a server that is away is no dead mapping") {
  SimNat nat;
  nat.deaf = true;
  const auto result = lifetime(nat);
  CHECK(result.error == "the STUN server does not answer");
  CHECK_FALSE(result.dead);
  CHECK_FALSE(result.alive);
}

TEST_CASE("nat probe: one address is recognised whatever answer comes first") {
  BehaviourProbe probe(kStunServer, seeded_random(4));
  const TimePoint now{1h};
  const auto first = probe.start(now);
  REQUIRE(first.size() == 2);
  const auto answer_to = [&](const StunSend& s) {
    StunMessage reported;
    reported.kind = StunMessage::Kind::success;
    reported.id = parse_stun(s.octets)->id;
    reported.xor_mapped = Endpoint{at("198.51.100.7:1").address, static_cast<std::uint16_t>(40000 + s.socket)};
    reported.other_address = at("203.0.113.10:3479");
    return to_octets(reported);
  };
  const auto filters = probe.on_datagram(now, 1, answer_to(first[1]));
  REQUIRE(filters.size() == 1);
  (void)probe.on_datagram(now, 1, answer_to(filters[0]));
  (void)probe.on_datagram(now, 0, answer_to(first[0]));
  CHECK(probe.result().one_address);
  CHECK(probe.result().filtering == Behaviour::endpoint_independent);
}

TEST_CASE("nat probe: requests are as long as any answer, without PADDING") {
  // RFC 5780 §7.6: PADDING asks for an answer of the size of the MTU, and may not stand beside RESPONSE-PORT.
  StunAsker asker(seeded_random(6));
  std::vector<StunSend> out;
  asker.ask({}, 1, {0, kStunServer, {}, {}}, out);
  asker.ask({}, 2, {0, kStunServer, StunMessage::ChangeRequest{true, true}, {}}, out);
  asker.ask({}, 3, {0, kStunServer, {}, std::uint16_t{40000}}, out);
  REQUIRE(out.size() == 3);
  for (const StunSend& send : out) {
    CHECK(send.octets.size() == StunAsker::kPadded);
    const auto request = parse_stun(send.octets);
    REQUIRE(request);
    CHECK(request->padding == 0);
    CHECK_FALSE(request->software.empty());
  }
}
