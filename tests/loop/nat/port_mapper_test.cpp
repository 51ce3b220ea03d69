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

/// A NAT-PMP router on this machine, and the mapper that asks it.
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
      reports.push_back(granted);
      mapped_to = ours;
    });
  }
  bool until(const std::function<bool()>& met) { return loop.run_until(met, 20s); }

  dw::test::TempDir state;
  net::Loop loop;
  sim::SimRouter router;
  std::optional<net::DatagramSocket> socket;
  std::vector<std::vector<pm::Granted>> reports;
  IpAddress mapped_to;
  std::unique_ptr<nat::PortMapper> mapper;
};

}  // namespace

TEST_CASE("port mapper: asks the router, reports what it granted, and removes it") {
  Lan lan(kCentral);
  lan.mapper->start();
  REQUIRE(lan.until([&] { return !lan.reports.empty(); }));
  REQUIRE(lan.reports.back().size() == 1);
  CHECK(lan.reports.back().front().external == Endpoint{sim::kOutside, 5060});
  CHECK(lan.mapped_to == kHere);
  bool done = false;
  lan.mapper->stop([&] { done = true; });
  CHECK(lan.until([&] { return done; }));
  CHECK(lan.router.table.empty());
  CHECK(lan.reports.back().empty());
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
  SUBCASE("and without a central server, mappings are no longer reported") {
    lan.mapper->configure({}, false);
    CHECK_FALSE(lan.mapper->facts().active);
    CHECK(lan.reports.back().empty());
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

TEST_CASE("port mapper: asks the router to let in certain peers only, at the start and whenever they change") {
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
