#include <doctest/doctest.h>
#include "tests/sim/nat/sim_router.hpp"

// Mappings are renewed, restored after a restart of the router, and taken back at the end.
using namespace dw;
using namespace dw::sim;
using Kind = pm::Mapper::Event::Kind;

namespace {

std::uint32_t lifetime_in(const Buffer& pcp_request) {
  ByteReader in(pcp_request);
  in.skip(4, "");
  return in.u32be("");
}

}  // namespace

TEST_CASE("a restarted router's announcement ends a back-off") {
  Home home(6);
  home.router.pcp = home.router.nat_pmp = false;
  home.start();
  CHECK(home.run(60s, [&] { return home.count(Kind::nobody) == 1; }));
  home.router.pcp = true;
  home.announce();
  CHECK(home.run(1s, [&] { return home.all_mapped(); }));
}

TEST_CASE("mappings are renewed between a half and five eighths of their lifetime, and never run out") {
  for (const bool pcp : {true, false}) {
    CAPTURE(pcp);
    Home home(7);
    home.router.pcp = pcp;
    home.start();
    REQUIRE(home.run(2s, [&] { return home.all_mapped(); }));
    home.run(29min);
    // All but the first one, by which PCP watches the router.
    const auto renewed = [&] {
      return std::ranges::count_if(home.events,
                                   [](const auto& e) { return e.kind == Kind::renewed && e.wanted.internal != 5060; });
    };
    CHECK(renewed() == 0);
    home.run(9min);
    CHECK(renewed() == 2);
    home.run(24h);
    CHECK(home.count(Kind::lost) == 0);
    CHECK(home.count(Kind::mapped) == 4);
    CHECK(home.router.table.size() == 4);
  }
}

TEST_CASE("a lifetime that the router changed is the one that counts") {
  Home home(8);
  home.router.most_lifetime = 120;
  home.start();
  REQUIRE(home.run(2s, [&] { return home.all_mapped(); }));
  home.run(1h);
  CHECK(home.count(Kind::lost) == 0);
  CHECK(home.count(Kind::renewed) > 4 * 40);
}

TEST_CASE("a router that forgot everything is found out by its epoch and gets all mappings again") {
  for (const bool pcp : {true, false}) {
    for (const bool announces : {true, false}) {
      CAPTURE(pcp);
      CAPTURE(announces);
      Home home(9);
      home.router.pcp = pcp;
      home.start();
      REQUIRE(home.run(2s, [&] { return home.all_mapped(); }));
      home.run(200s);
      home.router.reboot(home.now);
      if (announces) home.announce();
      CHECK(home.run(announces ? Duration(1s) : Duration(62s), [&] { return home.router.table.size() == 4; }));
      home.run(1s);
      CHECK(home.count(Kind::rebooted) == 1);
      CHECK(home.count(Kind::lost) == 0);
      CHECK(home.mapper.facts().reboots == 1);
    }
  }
}

TEST_CASE("UPnP has no epoch: a mapping that is gone shows it") {
  Home home(10);
  home.router.pcp = home.router.nat_pmp = false;
  home.upnp = true;
  home.start();
  REQUIRE(home.run(30s, [&] { return home.all_mapped(); }));
  home.upnp_table.clear();
  CHECK(home.run(70s, [&] { return home.upnp_table.size() == 4; }));
  CHECK(home.mapper.facts().reboots == 1);
}

TEST_CASE("UPnP: an RTCP port that is renewed without its RTP port keeps its own external port") {
  bool without_its_pair = false;
  for (unsigned seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Home home(seed,
              {{pm::Transport::udp, 5060, false},
               {pm::Transport::udp, 20000, false},
               {pm::Transport::udp, 20001, true},
               {pm::Transport::udp, 20002, false},
               {pm::Transport::udp, 20003, true}},
              600s);
    home.router.pcp = home.router.nat_pmp = false;
    home.upnp = true;
    home.start();
    home.run(3h);
    for (const auto& [port, external] : home.upnp_table)
      CHECK(external == port.second);
    for (const auto& ask : home.upnp_asks) {
      for (std::size_t i = 0; i < ask.map.size(); ++i) {
        const auto& port = ask.map[i];
        const bool behind = i > 0 && ask.map[i - 1].wanted.internal + 1 == port.wanted.internal;
        CHECK(port.after_previous == (port.wanted.follows && behind));
        without_its_pair = without_its_pair || (port.wanted.follows && i > 0 && !behind);
      }
    }
  }
  CHECK(without_its_pair);  // it has been tried
}

TEST_CASE("UPnP mappings are renewed too") {
  Home home(11, {{pm::Transport::udp, 5060, false}}, 600s);
  home.router.pcp = home.router.nat_pmp = false;
  home.upnp = true;
  home.start();
  REQUIRE(home.run(30s, [&] { return home.all_mapped(); }));
  home.run(2h);
  CHECK(home.count(Kind::lost) == 0);
  CHECK(home.count(Kind::renewed) >= 18);
  CHECK(home.count(Kind::renewed) <= 26);
}

TEST_CASE("loss and doubled packets delay, and nothing else") {
  for (unsigned seed = 100; seed < 160; ++seed) {
    CAPTURE(seed);
    Home home(seed);
    home.router.pcp = seed % 2 == 0;
    home.loss_percent = 20;
    home.double_percent = 30;
    home.start();
    // With both probes lost a protocol is passed over, so the next round may be needed.
    CHECK(home.run(10min, [&] { return home.all_mapped(); }));
    home.run(6h);
    home.router.reboot(home.now);
    CHECK(home.run(10min, [&] { return home.router.table.size() == 4; }));
    CHECK(home.count(Kind::rebooted) == 1);
    home.run(6h);
    home.stop();
    CHECK(home.run(10s, [&] { return home.mapper.stopped(); }));
    CHECK(home.mapper.usable().empty());
  }
}

TEST_CASE("at the end all mappings are taken back") {
  for (const bool pcp : {true, false}) {
    CAPTURE(pcp);
    Home home(12);
    home.router.pcp = pcp;
    home.start();
    REQUIRE(home.run(2s, [&] { return home.all_mapped(); }));
    home.stop();
    CHECK(home.run(2s, [&] { return home.mapper.stopped(); }));
    CHECK(home.router.table.empty());
    CHECK(home.count(Kind::removed) == 4);
    if (pcp) CHECK(lifetime_in(home.sent.back().second) == 0);
    CHECK(home.mapper.next_deadline() == TimePoint::max());
  }
  SUBCASE("a router that died holds up nobody") {
    Home home(13);
    home.start();
    REQUIRE(home.run(2s, [&] { return home.all_mapped(); }));
    home.router.pcp = home.router.nat_pmp = false;
    home.stop();
    CHECK(home.run(3s, [&] { return home.mapper.stopped(); }));
  }
  SUBCASE("before any answer there is nothing to take back") {
    Home home(14);
    home.router.pcp = home.router.nat_pmp = false;
    home.start();
    home.stop();
    CHECK(home.mapper.stopped());
  }
}
