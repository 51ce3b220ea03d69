#include "sbc/sip/guard.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;

namespace {

Flow from(std::uint32_t address, Transport transport = Transport::udp) {
  return {transport,
          {},
          {IpAddress::v4(address), 5060},
          transport == Transport::udp ? ConnectionId::none : ConnectionId{1}};
}
Flow from_v6(std::string_view address) {
  return {Transport::udp, {}, {IpAddress::parse(address).value(), 5060}, ConnectionId::none};
}
struct Case {
  Guard guard{{}, 1};
  TimePoint now{1h};
  /// Until it is banned, or 100 of them. True: it was.
  bool offend(const Flow& flow, Standing standing = Standing::stranger) {
    for (int i = 0; i < 100; ++i) {
      if (guard.abuse(now, flow, standing, "nonsense")) return true;
    }
    return false;
  }
};

}  // namespace

TEST_CASE("sip guard: what came by UDP bans UDP alone, as its source may be forged") {
  Case c;
  REQUIRE(c.offend(from(0x0A000001)));
  CHECK_FALSE(c.guard.admits(c.now, from(0x0A000001), Standing::stranger));
  CHECK(c.guard.admits(c.now, from(0x0A000001, Transport::tcp), Standing::stranger));
  // A connection's peer is who it says: that ban is for connections.
  REQUIRE(c.offend(from(0x0A000002, Transport::tcp)));
  CHECK_FALSE(c.guard.admits(c.now, from(0x0A000002, Transport::tcp), Standing::stranger));
  CHECK_FALSE(c.guard.admits(c.now, from(0x0A000002, Transport::tcp), Standing::proven));
  CHECK(c.guard.bans(c.now).size() == 2);
  c.now += 10min + 1s;
  CHECK(c.guard.admits(c.now, from(0x0A000001), Standing::stranger));
  CHECK(c.guard.bans(c.now).empty());
}

TEST_CASE(
    "sip guard: forged datagrams never ban who is known, and a ban of before does not silence who becomes known") {
  Case c;
  for (const Standing standing : {Standing::proven, Standing::registered}) {
    CHECK_FALSE(c.offend(from(0x0A000001), standing));
    CHECK(c.guard.admits(c.now, from(0x0A000001), standing));
  }
  REQUIRE(c.offend(from(0x0A000002)));
  CHECK_FALSE(c.guard.admits(c.now, from(0x0A000002), Standing::stranger));
  CHECK(c.guard.admits(c.now, from(0x0A000002), Standing::proven));
  CHECK_FALSE(c.offend(from(0x0A000003, Transport::tcp), Standing::registered));
}

TEST_CASE("sip guard: datagrams over a source's rate leave its connections their own") {
  Case c;
  for (int i = 0; i < 1000; ++i)
    c.guard.admits(c.now, from(0x0A000001), Standing::stranger);
  CHECK_FALSE(c.guard.admits(c.now, from(0x0A000001), Standing::stranger));
  CHECK(c.guard.admits(c.now, from(0x0A000001, Transport::tcp), Standing::stranger));
  CHECK(c.guard.limited() == 501);
}

TEST_CASE("sip guard: forged sources push out each other, and no phone that is known") {
  Case c;
  const Flow phone = from(0x0A000001);
  for (int i = 0; i < 5000; ++i)
    c.guard.admits(c.now, phone, Standing::registered);
  REQUIRE_FALSE(c.guard.admits(c.now, phone, Standing::registered));  // its bucket is empty
  for (std::uint32_t i = 0; i < 200'000; ++i) {
    CHECK(c.guard.admits(c.now, from(0x30000000 + i), Standing::stranger));
    c.guard.abuse(c.now, from(0x30000000 + i), Standing::stranger, "nonsense");
  }
  CHECK(c.guard.sources() <= Guard::kMaxSources + Guard::kMaxSources / 8);
  CHECK_FALSE(c.guard.admits(c.now, phone, Standing::registered));  // it is still kept
  c.now += 1s;
  CHECK(c.guard.admits(c.now, phone, Standing::registered));
}

TEST_CASE("sip guard: one IPv6 customer is one source, and a /48 has the rate of four") {
  Case c;
  REQUIRE(c.offend(from_v6("2001:db8:1:2::1")));
  CHECK_FALSE(c.guard.admits(c.now, from_v6("2001:db8:1:2::ffff"), Standing::stranger));
  CHECK(c.guard.admits(c.now, from_v6("2001:db8:1:3::1"), Standing::stranger));
  std::size_t passed = 0;
  for (int net = 0x10; net < 0x30; ++net) {
    for (int i = 0; i < 200; ++i)
      passed += c.guard.admits(c.now, from_v6("2001:db8:7:" + std::to_string(net) + "::1"), Standing::stranger) ? 1 : 0;
  }
  CHECK(passed == 4 * 500);
}
