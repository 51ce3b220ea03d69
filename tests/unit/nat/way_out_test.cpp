#include "nat/core/stun/way_out.hpp"

#include <doctest/doctest.h>

#include "nat/core/media/rtp.hpp"

using namespace dw;
using namespace dw::nat;
using namespace std::chrono_literals;

namespace {

const Endpoint kWayAnchor = *Endpoint::parse("203.0.113.10:3478");
const std::optional<Endpoint> kWayFar = *Endpoint::parse("203.0.113.20:30000"),
                              kWayOther = *Endpoint::parse("203.0.113.20:30002");
constexpr TimePoint kWayNow{1h};

}  // namespace

TEST_CASE("way out: without such a router nothing is sent") {
  WayOut way;
  CHECK_FALSE(way.due(kWayNow, kWayFar, 15s));
}

TEST_CASE("way out: the far end is sent to as soon as it is known, and when it is another") {
  WayOut way;
  way.open(kWayAnchor);
  CHECK(way.due(kWayNow, std::nullopt, 15s) == kWayAnchor);
  CHECK_FALSE(way.due(kWayNow, std::nullopt, 15s));
  CHECK(way.due(kWayNow, kWayFar, 15s) == *kWayFar);
  CHECK_FALSE(way.due(kWayNow + 14s, kWayFar, 15s));
  CHECK(way.due(kWayNow + 14s, kWayOther, 15s) == *kWayOther);
  CHECK(way.due(kWayNow + 14s, std::nullopt, 15s) == kWayAnchor);  // held: the mapping stays
}

TEST_CASE("way out: it is repeated while nothing else goes there, and not while the phone speaks") {
  WayOut way;
  way.open({});
  CHECK_FALSE(way.due(kWayNow, std::nullopt, 15s));  // no anchor
  CHECK(way.due(kWayNow, kWayFar, 15s) == *kWayFar);
  for (int i = 1; i < 30; ++i) {
    way.sent(kWayNow + i * 1s, *kWayFar);
    CHECK_FALSE(way.due(kWayNow + i * 1s, kWayFar, 15s));
  }
  CHECK_FALSE(way.due(kWayNow + 43s, kWayFar, 15s));
  CHECK(way.due(kWayNow + 44s, kWayFar, 15s) == *kWayFar);
  CHECK_FALSE(way.due(kWayNow + 58s, kWayFar, 15s));
  CHECK(way.due(kWayNow + 59s, kWayFar, 15s) == *kWayFar);
}

TEST_CASE("way out: its packets are STUN indications, each with an id of its own, and neither RTP nor RTCP") {
  WayOut way;
  const auto first = way.packet(7), second = way.packet(7);
  CHECK(first != second);
  for (const auto& packet : {first, second}) {
    const auto parsed = parse_stun(packet);
    REQUIRE(parsed);
    CHECK(parsed->is_binding(StunMessage::Kind::indication));
    CHECK_FALSE(parse_rtp(packet));
    CHECK_FALSE(is_rtcp(packet));
  }
}
