#include "nat/port_mapper.hpp"

#include <doctest/doctest.h>

#include "tests/loop/store/temp_dir.hpp"
#include "tests/sim/nat/sim_router.hpp"

using namespace dw;
using namespace std::chrono_literals;
namespace pm = nat::portmap;

namespace {

const IpAddress kHere = IpAddress::v4(0x7f000001), kGateway = IpAddress::v4(0x7f000003);
const HostPort kCentral{"127.0.0.9", 5060};

/// A router of NAT-PMP on this machine, and the mapper that asks it.
struct Lan {
  explicit Lan(HostPort central) {
    router.pcp = false;
    auto opened = net::DatagramSocket::open(loop, {kGateway, pm::pcp::kServerPort}, {});
    REQUIRE(opened);
    socket = std::move(*opened);
    socket->receive([this](std::span<const net::Datagram> all) {
      for (const auto& d : all) {
        if (const auto answer = router.answer(loop.now(), d.octets)) socket->send(d.peer, d.local, *answer);
      }
    });
    nat::PortMapper::Options o;
    o.choice = pm::Choice::on;
    o.central = std::move(central);
    o.gateway = kGateway;
    o.wanted = {{pm::Transport::udp, 5060, false, true}};
    o.state_dir = state.path();
    mapper = std::make_unique<nat::PortMapper>(loop, o, [this](const auto& granted, const IpAddress& ours) {
      told.push_back(granted);
      mapped_to = ours;
    });
  }
  bool until(const std::function<bool()>& met) { return loop.run_until(met, 20s); }

  dw::test::TempDir state;
  net::Loop loop;
  sim::SimRouter router;
  std::optional<net::DatagramSocket> socket;
  std::vector<std::vector<pm::Granted>> told;
  IpAddress mapped_to;
  std::unique_ptr<nat::PortMapper> mapper;
};

}  // namespace

TEST_CASE("port mapper: asks the router, tells what it granted, and takes it back") {
  Lan lan(kCentral);
  lan.mapper->start();
  REQUIRE(lan.until([&] { return !lan.told.empty(); }));
  REQUIRE(lan.told.back().size() == 1);
  CHECK(lan.told.back().front().external == Endpoint{sim::kOutside, 5060});
  CHECK(lan.mapped_to == kHere);
  bool done = false;
  lan.mapper->stop([&] { done = true; });
  CHECK(lan.until([&] { return done; }));
  CHECK(lan.router.table.empty());
  CHECK(lan.told.back().empty());
}

TEST_CASE("port mapper: a central server that comes with new settings is what it waited for") {
  Lan lan({});
  lan.mapper->start();
  CHECK(lan.mapper->facts().inactive == "no central server is set");
  lan.mapper->configure(kCentral, false);
  CHECK(lan.until([&] { return lan.mapper->facts().granted.size() == 1; }));
  SUBCASE("the same once more changes nothing") {
    const auto before = lan.router.requests;
    lan.mapper->configure(kCentral, false);
    CHECK(lan.mapper->facts().granted.size() == 1);
    CHECK(lan.router.requests == before);
  }
  SUBCASE("and when it goes, nobody is told any more") {
    lan.mapper->configure({}, false);
    CHECK_FALSE(lan.mapper->facts().active);
    CHECK(lan.told.back().empty());
  }
}

TEST_CASE("port mapper: may go while its router has not answered") {
  Lan lan(kCentral);
  lan.router.nat_pmp = false;
  lan.mapper->start();
  REQUIRE(lan.until([&] { return lan.router.requests != 0; }));
  SUBCASE("at the end") {
    bool done = false;
    lan.mapper->stop([&] { done = true; });
    CHECK(done);
  }
  lan.mapper.reset();
}

TEST_CASE("port mapper: who may come is told to the router, at the start and whenever it changes") {
  Lan lan(kCentral);
  lan.router.pcp = true;
  const IpAddress first = IpAddress::v4(0xcb007114), second = IpAddress::v4(0xcb007132);
  const std::pair<unsigned, std::uint16_t> sip{17, 5060};
  lan.router.ours = kHere;
  lan.mapper->set_peers(std::vector{IpNetwork::around(first, 32)}, {});
  lan.mapper->start();
  REQUIRE(lan.until([&] { return lan.router.lets_in(sip, first); }));
  CHECK_FALSE(lan.router.lets_in(sip, second));
  CHECK(lan.until([&] { return lan.mapper->facts().filter.state == pm::FilterFacts::State::agreed; }));
  lan.mapper->set_peers(std::vector{IpNetwork::around(second, 32)}, {});
  CHECK(lan.until([&] { return lan.router.lets_in(sip, second); }));
  CHECK_FALSE(lan.router.lets_in(sip, first));
}
