// An edge asks the router to let only the central side to SIP's port (PCP's FILTER), and what it makes of the answers.
#include <doctest/doctest.h>

#include "tests/sim/nat/sim_router.hpp"

using namespace dw;
using namespace dw::sim;
using Kind = pm::Mapper::Event::Kind;
using State = pm::FilterFacts::State;

namespace {

const IpAddress kServer = IpAddress::v4(0xcb007114), kSecond = IpAddress::v4(0xcb007132),
                kAnybody = IpAddress::v4(0xc6336442);
constexpr std::pair<unsigned, std::uint16_t> kSipUdp{17, 5060}, kSipTcp{6, 5060}, kRtp{17, 20000};

IpNetwork only(const IpAddress& address) {
  return IpNetwork::around(address, 32);
}

struct Filtered : Home {
  explicit Filtered(unsigned seed)
      : Home(seed, {{pm::Transport::udp, 5060, false, true},
                    {pm::Transport::tcp, 5060, false, true},
                    {pm::Transport::udp, 20000, false},
                    {pm::Transport::udp, 20001, true}}) {
    peers(std::vector{only(kServer)});
  }
  bool runs_until(State state) {
    return run(5s, [&] { return all_mapped() && mapper.facts().filter.state == state; });
  }
  bool lets_in(const IpAddress& who) const { return router.lets_in(kSipUdp, who) && router.lets_in(kSipTcp, who); }
  bool keeps_out(const IpAddress& who) const { return !router.lets_in(kSipUdp, who) && !router.lets_in(kSipTcp, who); }
};

}  // namespace

TEST_CASE("port filter: the central side alone reaches SIP's port, everybody the ports of audio") {
  Filtered home(1);
  home.start();
  REQUIRE(home.runs_until(State::agreed));
  CHECK(home.lets_in(kServer));
  CHECK(home.keeps_out(kAnybody));
  CHECK(home.router.lets_in(kRtp, kAnybody));
  CHECK(home.count(Kind::filtered) == 1);
  CHECK(home.mapper.facts().filter.networks == 1);
  CHECK(pm::in_words(home.mapper.facts()).find("agreed to let only the central side") != std::string::npos);
  SUBCASE("for as long as it is renewed, and no list grows") {
    home.run(24h);
    CHECK(home.keeps_out(kAnybody));
    CHECK(home.router.table.at(kSipUdp).filters.size() == 1);
    CHECK(home.count(Kind::lost) == 0);
  }
  SUBCASE("and after the router restarted") {
    home.router.reboot(home.now);
    home.run(2min);
    CHECK(home.runs_until(State::agreed));
    CHECK(home.keeps_out(kAnybody));
  }
  SUBCASE("it is taken back at the end, without a filter in that request") {
    home.stop();
    CHECK(home.run(10s, [&] { return home.mapper.stopped(); }));
    CHECK(home.router.table.empty());
  }
}

TEST_CASE("port filter: another set of addresses is asked for at once, and the old one is gone") {
  Filtered home(2);
  home.start();
  REQUIRE(home.runs_until(State::agreed));
  home.peers(std::vector{only(kSecond)});
  CHECK(home.mapper.facts().filter.state == State::asked);
  CHECK(home.run(1s, [&] { return home.mapper.facts().filter.state == State::agreed; }));
  CHECK(home.lets_in(kSecond));
  CHECK(home.keeps_out(kServer));
  const auto before = home.router.requests;
  home.peers(std::vector{only(kSecond)});
  home.run(1s);
  CHECK(home.router.requests == before);
  SUBCASE("nobody in particular: everybody again") {
    home.peers(std::nullopt, "a registered phone stands outside");
    home.run(1s);
    CHECK(home.lets_in(kAnybody));
    CHECK(home.mapper.facts().filter.why == "a registered phone stands outside");
    CHECK(home.mapper.facts().filter.state == State::open);
  }
}

TEST_CASE("port filter: a set that changes while a request is under way, or is lost, reaches the router") {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Filtered home(seed);
    home.loss_percent = 30;
    home.double_percent = 20;
    home.start();
    home.run(std::chrono::milliseconds(seed * 7));
    home.peers(std::vector{only(kSecond), only(kServer)});
    home.run(std::chrono::milliseconds(seed * 3));
    home.peers(std::vector{only(kSecond)});
    home.loss_percent = 0;
    if (home.run(2min, [&] { return home.all_mapped() && home.mapper.facts().filter.state == State::agreed; })) {
      CHECK(home.lets_in(kSecond));
      CHECK(home.keeps_out(kServer));
    } else {
      CHECK(home.mapper.facts().protocol == pm::Protocol::nat_pmp);  // it heard no PCP
    }
  }
}

TEST_CASE("port filter: a router that refuses it maps without, at once, and that is said") {
  Filtered home(3);
  SUBCASE("it does not know the option") {
    home.router.knows_filters = false;
  }
  SUBCASE("nor says which request it means") {
    home.router.knows_filters = false;
    home.router.bare_errors = true;
  }
  SUBCASE("it takes the option for a malformed one") {
    home.router.knows_filters = false;
    home.router.filter_code = 6;
  }
  SUBCASE("it takes the whole request for a malformed one") {
    home.router.knows_filters = false;
    home.router.filter_code = 3;
  }
  SUBCASE("it takes fewer addresses") {
    home.router.most_filters = 1;
    home.peers(std::vector{only(kServer), only(kSecond)});
  }
  home.start();
  REQUIRE(home.runs_until(State::open));
  CHECK(home.mapper.facts().protocol == pm::Protocol::pcp);
  CHECK(home.lets_in(kAnybody));
  CHECK(home.lets_in(kServer));
  CHECK(home.count(Kind::filter_refused) == 1);
  CHECK(home.count(Kind::refused) == 0);
  CHECK(home.count(Kind::filtered) == 0);
  CHECK(home.mapper.facts().last_error.empty());
  CHECK(pm::in_words(home.mapper.facts()).find("open to everybody") != std::string::npos);
  home.run(24h);
  CHECK(home.all_mapped());
  CHECK(home.count(Kind::lost) == 0);
  CHECK(home.count(Kind::filter_refused) == 1);
}

TEST_CASE("port filter: a router that knows none hears of it once, not with each renewal") {
  Filtered home(4);
  home.router.knows_filters = false;
  home.start();
  REQUIRE(home.runs_until(State::open));
  const auto before = home.router.with_options;
  home.run(24h);
  CHECK(home.router.with_options == before);
}

TEST_CASE("port filter: a set that became too large for the router leaves none of the smaller one") {
  Filtered home(5);
  home.router.most_filters = 1;
  home.start();
  REQUIRE(home.runs_until(State::agreed));
  home.peers(std::vector{only(kServer), only(kSecond)});
  REQUIRE(home.runs_until(State::open));
  home.run(1s);
  CHECK(home.lets_in(kSecond));
  CHECK(home.lets_in(kAnybody));
  home.peers(std::vector{only(kSecond)});
  REQUIRE(home.runs_until(State::agreed));
  CHECK(home.keeps_out(kAnybody));
}

TEST_CASE("port filter: what a run left that was killed is not what the next one lives with") {
  SimRouter router;
  TimePoint now;
  {
    Filtered home(6);
    home.start();
    REQUIRE(home.runs_until(State::agreed));
    router = home.router;
    now = home.now;
  }
  Filtered next(7);
  next.now = now + 1s;
  next.router = router;
  next.peers(std::nullopt);
  next.start();
  REQUIRE(next.runs_until(State::unwanted));
  CHECK(next.lets_in(kAnybody));
}

TEST_CASE("port filter: NAT-PMP and UPnP know none, and that is said") {
  Filtered home(8);
  home.router.pcp = false;
  SUBCASE("NAT-PMP") {}
  SUBCASE("UPnP") {
    home.router.nat_pmp = false;
    home.upnp = true;
  }
  home.start();
  REQUIRE(home.run(30s, [&] { return home.all_mapped(); }));
  CHECK(home.mapper.facts().filter.state == State::open);
  CHECK(pm::in_words(home.mapper.facts()).find("can't limit who reaches a port") != std::string::npos);
  home.peers(std::vector{only(kSecond)});
  home.run(24h);
  CHECK(home.count(Kind::lost) == 0);
}

TEST_CASE("port filter: a router that lets strangers in all the same is not said to keep them out") {
  Filtered home(9);
  home.start();
  REQUIRE(home.runs_until(State::agreed));
  auto facts = home.mapper.facts();
  facts.filter.not_kept = true;
  CHECK(pm::in_words(facts).find("does not keep to it") != std::string::npos);
}
