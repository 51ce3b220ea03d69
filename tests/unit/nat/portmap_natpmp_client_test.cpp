// What is asked by NAT-PMP and when, and what the answers mean, without Mapper.
#include "nat/core/portmap/natpmp_client.hpp"

#include "tests/unit/nat/portmap_table.hpp"

using namespace dw;
using namespace dw::nat::portmap;
using namespace dw::nat::portmap::tables;

namespace {

struct NatPmpTable : Table {
  explicit NatPmpTable(std::vector<Wanted> wanted) : Table(std::move(wanted)) { client.begin_probe(now); }

  static natpmp::Response address(natpmp::Code code = natpmp::Code::success) {
    return {0, code, 1000, natpmp::AddressAnswer{kRouterOutside}};
  }
  static natpmp::Response granted(const Wanted& wanted, std::uint16_t port) {
    return {1, natpmp::Code::success, 1000, natpmp::MapAnswer{wanted.transport, wanted.internal, port, 3600}};
  }

  NatPmpClient client{mappings};
};

}  // namespace

TEST_CASE(
    "NAT-PMP client: the address is asked for five times within 7.75 s, "
    "then nobody speaks it") {
  NatPmpTable t({kWantedSip});
  TimePoint now = t.now;
  for (const auto wait : {250ms, 500ms, 1000ms, 2000ms, 4000ms}) {
    CHECK(t.client.probe(now, t.actions));
    CHECK(t.client.probe_deadline() == now + wait);
    now += wait;
  }
  CHECK(now == t.now + 7750ms);
  CHECK_FALSE(t.client.probe(now, t.actions));
  CHECK(t.actions.datagrams.size() == 5);
}

TEST_CASE(
    "NAT-PMP client: a router that refuses to say its address is a no "
    "while it is probed") {
  NatPmpTable t({kWantedSip});
  CHECK(t.client.probe(t.now, t.actions));
  const auto no = NatPmpTable::address(natpmp::Code::not_authorized);
  CHECK(t.client.on_response(t.now, Stage::probing, no, t.actions) == Heard::no);
  CHECK(t.mappings.last_error.find("NAT-PMP") != std::string::npos);
}

TEST_CASE(
    "NAT-PMP client: one request is under way, and the address is asked "
    "for again each minute") {
  NatPmpTable t({kWantedSip, kWantedRtp});
  CHECK(t.client.probe(t.now, t.actions));
  CHECK(t.client.on_response(t.now, Stage::probing, NatPmpTable::address(), t.actions) == Heard::answer);
  t.client.begin_asking(t.now);
  t.actions = {};
  CHECK(t.client.ask(t.now, t.actions));
  CHECK(t.actions.datagrams.size() == 1);
  t.client.on_response(t.now, Stage::asking, NatPmpTable::granted(kWantedSip, 5060), t.actions);
  CHECK(t.mappings.entries[0].granted->external == Endpoint{kRouterOutside, 5060});
  CHECK(t.client.ask(t.now, t.actions));
  CHECK(t.actions.datagrams.size() == 2);
  t.client.on_response(t.now, Stage::asking, NatPmpTable::granted(kWantedRtp, 40000), t.actions);
  CHECK(t.client.deadline() == t.now + Mappings::kWatch);
  CHECK(t.client.ask(t.now + Mappings::kWatch, t.actions));
  CHECK(t.actions.datagrams.back() == Buffer{0, 0});
}

TEST_CASE("NAT-PMP client: an answer for a port that was not asked for is nobody's") {
  NatPmpTable t({kWantedSip, kWantedRtp});
  t.client.begin_asking(t.now);
  CHECK(t.client.ask(t.now, t.actions));
  t.client.on_response(t.now, Stage::asking, NatPmpTable::granted(kWantedRtp, 40000), t.actions);
  CHECK_FALSE(t.mappings.entries[1].granted);
}
