// What is asked by UPnP and when, and what the answers mean, without Mapper.
#include "nat/core/portmap/upnp_client.hpp"

#include "tests/unit/nat/portmap_table.hpp"

using namespace dw;
using namespace dw::nat::portmap;
using namespace dw::nat::portmap::tables;

namespace {

struct UpnpTable : Table {
  explicit UpnpTable(std::vector<Wanted> wanted) : Table(std::move(wanted)) { client.begin_probe(now); }

  /// The router gives all that was asked for.
  UpnpAnswer all_granted() const {
    UpnpAnswer answer;
    answer.found = true;
    answer.external = kRouterOutside;
    for (const auto& port : actions.upnp->map)
      answer.ports.push_back({port.wanted, port.external, 3600, {}});
    return answer;
  }

  UpnpClient client{mappings};
};

}  // namespace

TEST_CASE(
    "UPnP client: all that is due is asked in one go, and nothing more "
    "until the answer is there") {
  UpnpTable t({kWantedSip, kWantedRtp, kWantedRtcp});
  CHECK(t.client.probe(t.now, t.actions));
  REQUIRE(t.actions.upnp);
  REQUIRE(t.actions.upnp->map.size() == 3);
  CHECK_FALSE(t.actions.upnp->map[1].after_previous);
  CHECK(t.actions.upnp->map[2].after_previous);
  CHECK(t.client.is_busy());
  CHECK(t.client.deadline() == TimePoint::max());
  Actions more;
  CHECK(t.client.ask(t.now + 1h, more));
  CHECK_FALSE(more.upnp);
}

TEST_CASE(
    "UPnP client: an RTCP port that is renewed alone goes after its own "
    "RTP port, not after what stands before") {
  UpnpTable t({kWantedSip, kWantedRtp, kWantedRtcp});
  t.client.ask(t.now, t.actions);
  CHECK(t.client.on_answer(t.now, t.all_granted(), t.actions));
  t.mappings.entries[0].due = t.mappings.entries[2].due = t.now + 10s;
  Actions later;
  t.client.ask(t.now + 10s, later);
  REQUIRE(later.upnp);
  REQUIRE(later.upnp->map.size() == 2);
  CHECK(later.upnp->map[1].wanted == kWantedRtcp);
  CHECK_FALSE(later.upnp->map[1].after_previous);
  CHECK(later.upnp->map[1].external == t.mappings.entries[1].granted->external.port + 1);
  REQUIRE(later.upnp->check);
  CHECK(later.upnp->check->wanted == kWantedRtp);
}

TEST_CASE(
    "UPnP client: the router is looked at each minute even when no port "
    "is due") {
  UpnpTable t({kWantedSip});
  t.client.ask(t.now, t.actions);
  CHECK(t.client.on_answer(t.now, t.all_granted(), t.actions));
  CHECK(t.client.deadline() == t.now + Mappings::kWatch);
  Actions later;
  t.client.ask(t.now + Mappings::kWatch, later);
  REQUIRE(later.upnp);
  CHECK(later.upnp->map.empty());
  CHECK(later.upnp->check);
}

TEST_CASE(
    "UPnP client: no router is a no, and a mapping that is gone is a "
    "lost state") {
  UpnpTable t({kWantedSip});
  t.client.ask(t.now, t.actions);
  SUBCASE("none") {
    UpnpAnswer none;
    none.problem = "nobody answers";
    CHECK_FALSE(t.client.on_answer(t.now, none, t.actions));
    CHECK(t.mappings.last_error == "nobody answers");
    CHECK_FALSE(t.mappings.entries[0].asked);
  }
  SUBCASE("gone") {
    UpnpAnswer answer = t.all_granted();
    answer.check_failed = true;
    CHECK(t.client.on_answer(t.now, answer, t.actions));
    CHECK(t.actions.events.front().kind == Event::Kind::rebooted);
  }
}

TEST_CASE(
    "UPnP client: what the router grants after the end has come is taken "
    "back too") {
  UpnpTable t({kWantedSip});
  t.client.ask(t.now, t.actions);
  const UpnpAnswer late = t.all_granted();
  t.mappings.entries[0].due = TimePoint::max();
  CHECK(t.client.remove(t.now, t.actions));  // it waits
  CHECK(t.client.on_last_answer(t.now, late, t.actions));
  Actions end;
  CHECK(t.client.remove(t.now, end));
  REQUIRE(end.upnp);
  CHECK(end.upnp->unmap.size() == 1);
  CHECK_FALSE(t.client.on_last_answer(t.now, {}, end));
  CHECK(end.events.front().kind == Event::Kind::removed);
  CHECK_FALSE(t.client.remove(t.now, end));
}
