#include <doctest/doctest.h>

#include "tests/sim/nat/sim_router.hpp"

using namespace dw;
using namespace dw::sim;
using Kind = pm::Mapper::Event::Kind;

TEST_CASE("PCP: all ports are mapped at once, with the external ports that we asked for") {
  Home home(1);
  home.start();
  CHECK(home.run(2s, [&] { return home.all_mapped(); }));
  const auto facts = home.mapper.facts();
  CHECK(facts.protocol == pm::Protocol::pcp);
  CHECK(facts.external == kOutside);
  CHECK(facts.last_error.empty());
  for (const auto& granted : home.mapper.usable()) {
    CHECK(granted.external == Endpoint{kOutside, granted.wanted.internal});
    CHECK(granted.lifetime == 1h);
  }
  CHECK(home.router.table.size() == 4);
  CHECK(pm::in_words(facts).find("4 of 4 ports are mapped") != std::string::npos);
}

TEST_CASE("a router of NAT-PMP alone is found by what it answers to PCP, and asked one thing at a time") {
  Home home(2);
  home.router.pcp = false;
  home.start();
  CHECK(home.run(2s, [&] { return home.all_mapped(); }));
  CHECK(home.mapper.facts().protocol == pm::Protocol::nat_pmp);
  CHECK(home.mapper.usable().size() == 4);
  CHECK(home.mapper.usable().front().external == Endpoint{kOutside, 5060});
}

TEST_CASE("silence by both leads to UPnP within half a minute") {
  Home home(3);
  home.router.pcp = home.router.nat_pmp = false;
  home.upnp = true;
  const TimePoint start = home.now;
  home.start();
  CHECK(home.run(30s, [&] { return home.all_mapped(); }));
  CHECK(home.now - start < 25s);
  CHECK(home.mapper.facts().protocol == pm::Protocol::upnp);
  CHECK(home.upnp_table.size() == 4);
  home.stop();
  CHECK(home.run(10s, [&] { return home.mapper.stopped(); }));
  CHECK(home.upnp_table.empty());
}

TEST_CASE("a router whose port is closed leads to UPnP at once, and one that mapped is not left for that") {
  Home home(3);
  home.router.pcp = home.router.nat_pmp = false;
  home.upnp = true;
  const TimePoint start = home.now;
  home.start();
  home.port_unreachable();
  CHECK(home.run(30s, [&] { return home.all_mapped(); }));
  CHECK(home.now - start < 5s);
  CHECK(home.mapper.facts().protocol == pm::Protocol::upnp);
  Home other(4);
  other.start();
  REQUIRE(other.run(30s, [&] { return other.all_mapped(); }));
  other.port_unreachable();  // its service restarts
  CHECK(other.mapper.facts().protocol == pm::Protocol::pcp);
  CHECK(other.upnp_asks.empty());
}

TEST_CASE("nobody answers: it says so, tries again after a while, and finds a router that has come back") {
  Home home(4);
  home.router.pcp = home.router.nat_pmp = false;
  home.start();
  CHECK(home.run(60s, [&] { return home.count(Kind::nobody) == 1; }));
  CHECK(pm::in_words(home.mapper.facts()).find("opens no ports") != std::string::npos);
  home.router.pcp = true;
  CHECK(home.run(70s, [&] { return home.all_mapped(); }));

  SUBCASE("and rests longer each time") {
    Home deaf(5);
    deaf.router.pcp = deaf.router.nat_pmp = false;
    deaf.start();
    deaf.run(24h);
    CHECK(deaf.count(Kind::nobody) > 40);
    CHECK(deaf.count(Kind::nobody) < 60);
  }
}

TEST_CASE("an external port that somebody else has: another one is granted, and RTCP follows RTP") {
  Home home(15);
  home.router.taken = {20000, 5060};
  home.start();
  REQUIRE(home.run(2s, [&] { return home.all_mapped(); }));
  const auto usable = home.mapper.usable();
  CHECK(usable[0].external.port == 5064);
  CHECK(usable[2].external.port == 20004);
  CHECK(usable[3].external.port == 20005);
}

TEST_CASE("a port that the router refuses is asked for again later, the others are mapped") {
  for (const bool pcp : {true, false}) {
    CAPTURE(pcp);
    Home home(16);
    home.router.pcp = pcp;
    home.router.refuse[20000] = {pcp ? 8U : 4U, 60};  // no resources
    home.start();
    home.run(10s);
    CHECK(home.mapper.usable().size() == 3);
    CHECK(home.count(Kind::refused) == 1);
    CHECK(home.mapper.facts().last_error.find("its table is full") != std::string::npos);
    home.router.refuse.clear();
    CHECK(home.run(3min, [&] { return home.all_mapped(); }));
    CHECK(home.mapper.facts().last_error.empty());
  }
}

TEST_CASE("a refusal for good leads to the next protocol") {
  Home home(17);
  home.router.refuse_all = 2;
  home.upnp = true;
  home.start();
  CHECK(home.run(30s, [&] { return home.all_mapped(); }));
  CHECK(home.mapper.facts().protocol == pm::Protocol::upnp);
}

TEST_CASE("a PCP server that sees us elsewhere says that there is a router in between") {
  Home home(18);
  for (const auto port : {5060, 20000, 20001})
    home.router.refuse[static_cast<std::uint16_t>(port)] = {12, 1800};
  home.start();
  home.run(10s);
  CHECK(home.mapper.usable().empty());
  CHECK(pm::in_words(home.mapper.facts()).find("one more router in between") != std::string::npos);
}

TEST_CASE("double NAT: a private external address, or another than the internet sees") {
  Home home(19);
  home.router.external = IpAddress::v4(0x6440000b);  // 100.64.0.11
  home.start();
  CHECK(home.run(2s, [&] { return home.all_mapped(); }));
  CHECK(home.mapper.usable().empty());
  CHECK(home.mapper.facts().double_nat);
  CHECK(home.count(Kind::double_nat) == 1);
  CHECK(pm::in_words(home.mapper.facts()).find("double NAT") != std::string::npos);
  SUBCASE("until the router has another") {
    home.router.external = kOutside;
    home.run(70s);
    CHECK_FALSE(home.mapper.facts().double_nat);
    CHECK(home.mapper.usable().size() == 4);
  }
  SUBCASE("also when the router refuses because of it, and says which address it has") {
    Home third(21);
    third.router.external = IpAddress::v4(0x6440000b);
    third.router.tells_address = true;
    third.router.refuse_all = 8;
    third.start();
    third.run(5s);
    CHECK(third.mapper.facts().double_nat);
    CHECK(third.count(Kind::double_nat) == 1);
    CHECK(pm::in_words(third.mapper.facts()).find("100.64.0.11 is behind one more router") != std::string::npos);
  }
  SUBCASE("by STUN") {
    Home second(20);
    second.start();
    REQUIRE(second.run(2s, [&] { return second.all_mapped(); }));
    CHECK_FALSE(second.mapper.set_reflexive(second.now, kOutside).changed);
    const auto actions = second.mapper.set_reflexive(second.now, IpAddress::v4(0xcb007102));
    CHECK(actions.changed);
    REQUIRE(actions.events.size() == 1);
    CHECK(actions.events.front().text ==
          "the router's external address is 203.0.113.101, but the internet sees us at 203.0.113.2");
    CHECK(second.mapper.usable().empty());
    CHECK(second.mapper.set_reflexive(second.now, std::nullopt).changed);
    CHECK(second.mapper.usable().size() == 4);
  }
}

TEST_CASE("the external address changes: seen within a minute, and reported for all mappings") {
  for (const bool pcp : {true, false}) {
    CAPTURE(pcp);
    Home home(21);
    home.router.pcp = pcp;
    home.start();
    REQUIRE(home.run(2s, [&] { return home.all_mapped(); }));
    const IpAddress other = IpAddress::v4(0xcb0071c8);
    home.router.external = other;
    home.run(70s);
    CHECK(home.mapper.usable().size() == 4);
    for (const auto& granted : home.mapper.usable())
      CHECK(granted.external.address == other);
    CHECK(home.count(Kind::address) == 2);
  }
}

TEST_CASE("a router that falls silent is believed until what it granted ends, or nobody stands by it") {
  Home home(22);
  home.start();
  REQUIRE(home.run(2s, [&] { return home.all_mapped(); }));
  home.router.pcp = home.router.nat_pmp = false;
  CHECK(home.run(10min, [&] { return home.count(Kind::nobody) == 1; }));
  CHECK(home.mapper.usable().empty());
  CHECK(home.count(Kind::lost) == 4);
  home.router.pcp = true;
  home.router.reboot(home.now);
  CHECK(home.run(2min, [&] { return home.all_mapped(); }));
}

TEST_CASE("what is not the router's answer changes nothing") {
  Home home(23);
  home.router.pcp = home.router.nat_pmp = false;
  home.start();
  const auto forged = SimRouter{}.answer(home.now, home.sent.front().second);
  REQUIRE(forged.has_value());
  SUBCASE("another address or port") {
    home.from({IpAddress::v4(0xc0a80142), 5351}, *forged);
    home.from({kRouter, 5352}, *forged);
    CHECK(home.mapper.usable().empty());
  }
  SUBCASE("another nonce") {
    Buffer wrong = *forged;
    wrong[24] ^= 1;
    home.from({kRouter, 5351}, wrong);
    CHECK(home.mapper.usable().empty());
  }
  SUBCASE("an announcement of somebody else") {
    const auto before = home.sent.size();
    const Buffer octets = home.router.announcement(home.now);
    CHECK(home.mapper.on_announcement(home.now, {IpAddress::v4(0xc0a80142), 5351}, octets).datagrams.empty());
    CHECK(home.sent.size() == before);
  }
  SUBCASE("the same from the router counts") {
    home.from({kRouter, 5351}, *forged);
    CHECK(home.mapper.usable().size() == 1);
  }
}

TEST_CASE("a flood of announcements makes one request a second at most") {
  Home home(24);
  home.start();
  REQUIRE(home.run(2s, [&] { return home.all_mapped(); }));
  const auto before = home.sent.size();
  for (int i = 0; i < 1000; ++i) {
    home.announce();
    home.run(10ms);
  }
  CHECK(home.sent.size() - before <= 12);
}

TEST_CASE("the list has an end") {
  std::vector<pm::Wanted> wanted;
  for (unsigned port = 1000; port < 2000; ++port)
    wanted.push_back({pm::Transport::udp, static_cast<std::uint16_t>(port), false});
  Home home(25, wanted);
  home.start();
  CHECK(home.run(30s, [&] { return home.all_mapped(); }));
  CHECK(home.router.table.size() == pm::Mapper::kMaxWanted);
}

TEST_CASE("a router without an address of the internet maps, and nobody gets 0.0.0.0") {
  for (const bool upnp : {true, false}) {
    CAPTURE(upnp);
    Home home(26);
    home.router.pcp = !upnp;
    home.router.nat_pmp = false;
    home.upnp = upnp;
    home.router.external = IpAddress::v4(0);
    home.start();
    REQUIRE(home.run(30s, [&] { return home.all_mapped(); }));
    CHECK(home.mapper.usable().empty());
    home.router.external = kOutside;
    CHECK(home.run(70s, [&] { return home.mapper.usable().size() == 4; }));
    home.router.external = IpAddress::v4(0);  // and its connection is gone again
    home.run(65min);
    for (const auto& granted : home.mapper.usable())
      CHECK(granted.external.address == kOutside);
  }
}

TEST_CASE("what STUN saw before the router's address changed is no double NAT") {
  Home home(27);
  home.start();
  REQUIRE(home.run(2s, [&] { return home.all_mapped(); }));
  (void)home.mapper.set_reflexive(home.now, kOutside);
  home.router.external = IpAddress::v4(0xcb0071c8);
  home.run(70s);
  CHECK_FALSE(home.mapper.facts().double_nat);
  CHECK(home.mapper.usable().size() == 4);
  SUBCASE("what it sees afterwards counts again") {
    CHECK(home.mapper.set_reflexive(home.now, kOutside).changed);
    CHECK(home.mapper.facts().double_nat);
  }
}

TEST_CASE("the end comes while the first ports are being mapped by UPnP: they are taken back too") {
  Home home(28);
  home.router.pcp = home.router.nat_pmp = false;
  home.upnp = true;
  home.start();
  REQUIRE(home.run(30s, [&] { return !home.upnp_asks.empty(); }));
  REQUIRE(home.upnp_table.empty());  // under way
  home.stop();
  CHECK_FALSE(home.mapper.stopped());
  CHECK(home.run(10s, [&] { return home.mapper.stopped(); }));
  CHECK(home.upnp_asks.size() == 2);
  CHECK(home.upnp_table.empty());
}

TEST_CASE("a router that grants a moment is not asked more than every four seconds") {
  for (const bool pcp : {true, false}) {
    CAPTURE(pcp);
    Home home(29, {{pm::Transport::udp, 5060, false}});
    home.router.pcp = pcp;
    home.router.most_lifetime = 1;
    home.start();
    home.run(400s);
    CHECK(home.sent.size() <= 115);  // NAT-PMP asks for the address, too
  }
}

TEST_CASE("a router whose epoch is nonsense is not asked without a pause") {
  for (const bool pcp : {true, false}) {
    CAPTURE(pcp);
    Home home(30);
    home.router.pcp = pcp;
    home.start();
    REQUIRE(home.run(2s, [&] { return home.all_mapped(); }));
    const auto before = home.sent.size();
    home.router.nonsense = true;
    home.run(400s);
    CHECK(home.sent.size() - before <= 101 * 5);
    CHECK(home.count(Kind::rebooted) > 0);
    CHECK(home.count(Kind::lost) == 0);
  }
}
