// What is asked by PCP and when, and what the answers mean, without Mapper.
#include "nat/core/portmap/pcp_client.hpp"

#include "tests/unit/nat/portmap_table.hpp"

using namespace dw;
using namespace dw::nat::portmap;
using namespace dw::nat::portmap::tables;

namespace {

struct PcpTable : Table {
  explicit PcpTable(std::vector<Wanted> wanted) : Table(std::move(wanted)) { client.begin_probe(now); }

  pcp::Response granted(std::size_t at, std::uint16_t port) const {
    const auto& entry = mappings.entries[at];
    pcp::Response r{pcp::kVersion, 1, pcp::Code::success, 3600, 1000, {}};
    r.map = pcp::MapAnswer{entry.nonce, static_cast<std::uint8_t>(entry.wanted.transport), entry.wanted.internal, port,
                           kRouterOutside};
    return r;
  }
  pcp::Response refused(std::size_t at, pcp::Code code) const {
    pcp::Response r = granted(at, 0);
    r.code = code;
    r.map->external = {};
    return r;
  }

  PcpClient client{mappings, IpAddress::v4(0xc0a80102)};
};

}  // namespace

TEST_CASE(
    "PCP client: the first port is the probe, sent again after 3 s, and "
    "6 s after that nobody speaks it") {
  PcpTable t({kWantedSip, kWantedRtp});
  CHECK(t.client.probe(t.now, t.actions));
  CHECK(t.actions.datagrams.size() == 1);
  CHECK(t.client.probe_deadline() == t.now + 3s);
  CHECK(t.client.probe(t.now + 3s, t.actions));
  CHECK(t.actions.datagrams.size() == 2);
  CHECK(t.client.probe_deadline() == t.now + 9s);
  CHECK_FALSE(t.client.probe(t.now + 9s, t.actions));
  CHECK(t.actions.datagrams.size() == 2);
}

TEST_CASE(
    "PCP client: four requests are under way, and an RTCP port waits for "
    "its RTP port's answer") {
  PcpTable t({kWantedSip,
              kWantedRtp,
              kWantedRtcp,
              {Transport::udp, 20002, false, false},
              {Transport::udp, 20003, true, false}});
  CHECK(t.client.ask(t.now, t.actions));
  CHECK(t.actions.datagrams.size() == 3);  // not the two that follow
  CHECK(t.client.on_response(t.now, Stage::asking, t.granted(1, 40000), t.actions) == Heard::answer);
  CHECK(t.client.ask(t.now, t.actions));
  CHECK(t.actions.datagrams.size() == 4);
  CHECK(t.mappings.entries[2].asked);
  CHECK(t.mappings.suggestion(2) == Endpoint{kRouterOutside, 40001});
}

TEST_CASE(
    "PCP client: what is granted is renewed after half of its lifetime, "
    "the first port is looked at each minute") {
  PcpTable t({kWantedSip, kWantedRtp});
  CHECK(t.client.ask(t.now, t.actions));
  CHECK(t.client.on_response(t.now, Stage::asking, t.granted(0, 5060), t.actions) == Heard::answer);
  CHECK(t.client.on_response(t.now, Stage::asking, t.granted(1, 40000), t.actions) == Heard::answer);
  CHECK(t.mappings.entries[0].due == t.now + Mappings::kWatch);
  CHECK(t.mappings.entries[1].due >= t.now + 30min);
  CHECK(t.mappings.entries[1].due <= t.now + 38min);
  CHECK(t.client.deadline() == t.now + Mappings::kWatch);
}

TEST_CASE("PCP client: an answer with another nonce is nobody's") {
  PcpTable t({kWantedSip});
  CHECK(t.client.probe(t.now, t.actions));
  pcp::Response forged = t.granted(0, 5060);
  forged.map->nonce[11] = 0xff;
  CHECK(t.client.on_response(t.now, Stage::probing, forged, t.actions) == Heard::nothing);
  CHECK_FALSE(t.mappings.entries[0].granted);
}

TEST_CASE(
    "PCP client: a refusal that stands for all ports is a no while it is "
    "probed, and one port's later") {
  PcpTable t({kWantedSip});
  CHECK(t.client.probe(t.now, t.actions));
  const auto no = t.refused(0, pcp::Code::not_authorized);
  SUBCASE("probing") {
    CHECK(t.client.on_response(t.now, Stage::probing, no, t.actions) == Heard::no);
  }
  SUBCASE("asking") {
    CHECK(t.client.on_response(t.now, Stage::asking, no, t.actions) == Heard::answer);
    CHECK(t.mappings.entries[0].refusals == 1);
  }
}

TEST_CASE(
    "PCP client: what is granted is taken back, at most three times "
    "each, then it runs out by itself") {
  PcpTable t({kWantedSip});
  CHECK(t.client.ask(t.now, t.actions));
  t.client.on_response(t.now, Stage::asking, t.granted(0, 5060), t.actions);
  t.mappings.entries[0].due = t.now;
  t.actions = {};
  TimePoint now = t.now;
  for (const auto wait : {250ms, 500ms, 1000ms}) {
    CHECK(t.client.remove(now, t.actions));
    CHECK(t.client.deadline() == now + wait);
    now += wait;
  }
  CHECK_FALSE(t.client.remove(now, t.actions));
  CHECK(t.actions.datagrams.size() == 3);
  REQUIRE(t.actions.events.size() == 1);
  CHECK(t.actions.events[0].kind == Event::Kind::removed);
}
