#include "sbc/sip/connections.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;

namespace {

struct ConnectionsCase {
  Connections all{{.from_phones = {.rate = 0}, .to_servers = 2000}, 1, 2};
  TimePoint now{1h};
  Output out;
  const Endpoint us{IpAddress::v4(0xCB00710A), 5060}, server{IpAddress::v4(0xCB007114), 5060};
  const Flow place{Transport::tcp, us, server, ConnectionId::none};
  static Endpoint phone(std::uint16_t port = 5060) { return {IpAddress::v4(0xC0A80132), port}; }

  Flow to_server(const Endpoint& owner, Standing standing = Standing::stranger) {
    if (const auto open = all.to_server(now, 0, owner, server)) return *open;
    return all.open(now, 0, owner, standing, place, out);
  }
};

}  // namespace

TEST_CASE("sip connections: a phone keeps its own connection to a server, and a closed one is opened again") {
  ConnectionsCase c;
  const Flow first = c.to_server(c.phone());
  REQUIRE(c.out.connects.size() == 1);
  CHECK(c.out.connects[0].to == c.server);
  CHECK(c.out.connects[0].from == c.us.address);
  CHECK(c.to_server(c.phone()) == first);
  CHECK(c.to_server(c.phone(5061)) != first);  // another phone at that address
  CHECK(c.out.connects.size() == 2);
  c.all.connected(c.now, first.connection, {c.us.address, 33'000});
  CHECK(c.to_server(c.phone()).local.port == 33'000);

  CHECK_FALSE(c.all.is_gone(first));
  const auto was = c.all.closed(first.connection);
  REQUIRE(was);
  CHECK_FALSE(was->accepted);
  CHECK(c.all.is_gone(first));
  CHECK_FALSE(c.all.closed(first.connection));
  CHECK(c.to_server(c.phone()).connection != first.connection);
}

TEST_CASE(
    "sip connections: a stranger has eight to servers, and then uses the common one; a registered phone has more") {
  ConnectionsCase c;
  Flow common;
  std::size_t own = 0;
  for (std::uint16_t i = 0; i < 20; ++i) {
    const Flow flow = c.to_server(c.phone(static_cast<std::uint16_t>(5060 + i)));
    own += c.all.find(flow.connection)->counts_for ? 1 : 0;
    common = flow;
  }
  CHECK(own == 8);
  CHECK(c.to_server({}) == common);
  CHECK(c.out.connects.size() == 9);
  c.out.clear();
  for (std::uint16_t i = 0; i < 20; ++i)
    c.to_server({IpAddress::v4(0xC0A80140), static_cast<std::uint16_t>(5060 + i)}, Standing::registered);
  CHECK(c.out.connects.size() == 20);
}

TEST_CASE("sip connections: what a phone gives back can be had again") {
  ConnectionsCase c;
  for (int round = 0; round < 3; ++round) {
    const Flow flow = c.to_server(c.phone());
    REQUIRE(c.all.find(flow.connection)->counts_for);
    c.all.registered(ConnectionId::none, flow.connection);  // it is counted as a registered phone's from now on
    CHECK(c.all.find(flow.connection)->counts_for->second == Standing::registered);
    REQUIRE(c.all.closed(flow.connection));
  }
  for (std::uint16_t i = 0; i < 8; ++i)
    CHECK(c.all.find(c.to_server(c.phone(static_cast<std::uint16_t>(6000 + i))).connection)->counts_for);
}

TEST_CASE("sip connections: unused are those of one phone alone that nothing goes over") {
  ConnectionsCase c;
  const Flow own = c.to_server(c.phone()), common = c.to_server({});
  const ConnectionId from_phone = c.all.accepted(c.now, Side::access, 0, c.phone(), c.us);
  c.now += 10s;
  CHECK(c.all.unused_since(c.now - 5s) == std::unordered_set{own.connection});
  c.all.pinged(c.now, own.connection);  // a keepalive is no use of it
  CHECK(c.all.unused_since(c.now - 5s).size() == 1);
  c.all.heard(c.now, own.connection);
  CHECK(c.all.unused_since(c.now - 5s).empty());
  CHECK(c.all.find(from_phone)->last_heard == c.now - 10s);
  CHECK(c.all.find(common.connection)->side == Side::central);
}

TEST_CASE("sip connections: a phone's place is free again once its connection is closed; a server takes none") {
  Connections all({.from_phones = {.total = 4, .per_source = 1, .rate = 0}, .to_servers = 10}, 1, 2);
  const TimePoint now{1h};
  Output out;
  const auto connect = [&] { return all.may_connect(now, IpAddress::v4(0xC0A80132), Standing::stranger, out); };
  const Endpoint peer{IpAddress::v4(0xC0A80132), 5060};
  REQUIRE(connect() == ConnectionBudget::Verdict::taken);
  const ConnectionId id = all.accepted(now, Side::access, 0, peer, {});
  CHECK(connect() != ConnectionBudget::Verdict::taken);
  REQUIRE(all.closed(id));
  REQUIRE(connect() == ConnectionBudget::Verdict::taken);
  all.accepted(now, Side::central, 0, peer, {});  // it turned out to be a server
  CHECK(connect() == ConnectionBudget::Verdict::taken);
}
