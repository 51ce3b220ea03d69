#include "nat/core/media/latch.hpp"

#include <doctest/doctest.h>

#include "tests/unit/nat/hosts.hpp"
#include "tests/unit/nat/rtp_packets.hpp"

using namespace dw;
using namespace dw::nat;
using namespace dw::nat::test;
using Verdict = Latch::Verdict;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct Leg {
  Latch latch;
  TimePoint now{};
  std::uint16_t sequence = 100;
  Verdict rtp(const IpAddress& from, std::uint16_t port, std::uint32_t ssrc = 1) {
    now += milliseconds(20);
    return latch.on_rtp(now, {from, port}, RtpHeader{0, false, ++sequence, 0, ssrc});
  }
};

}  // namespace

TEST_CASE("nothing latches before signalling opens the leg") {
  Leg leg;
  CHECK(leg.rtp(kPhone, 5000) == Verdict::closed);
  CHECK_FALSE(leg.latch.far_end());
}

TEST_CASE("two packets in a row from the signalled address lock the leg to their port") {
  Leg leg;
  leg.latch.open(kPhone);
  CHECK(leg.rtp(kPhone, 5000) == Verdict::accepted);
  CHECK_FALSE(leg.latch.far_end());
  CHECK(leg.rtp(kPhone, 5000) == Verdict::latched);
  CHECK(leg.latch.far_end() == Endpoint{kPhone, 5000});
  CHECK(leg.rtp(kPhone, 5000) == Verdict::accepted);
  CHECK(leg.latch.moves() == 0);
}

TEST_CASE("a stranger's address never moves a leg, locked or not, silent or not") {
  Leg leg;
  leg.latch.open(kPhone);
  for (int i = 0; i < 50; ++i)
    CHECK(leg.rtp(kMallory, 5000) == Verdict::stranger);
  CHECK_FALSE(leg.latch.far_end());
  leg.rtp(kPhone, 5000);
  leg.rtp(kPhone, 5000);
  for (int i = 0; i < 50; ++i)
    CHECK(leg.rtp(kMallory, 5000) == Verdict::stranger);
  leg.now += seconds(60);
  for (int i = 0; i < 50; ++i)
    CHECK(leg.rtp(kMallory, 5000) == Verdict::stranger);
  leg.latch.open(kPhone);
  for (int i = 0; i < 50; ++i)
    CHECK(leg.rtp(kMallory, 5000) == Verdict::stranger);
  CHECK(leg.latch.far_end() == Endpoint{kPhone, 5000});
  CHECK(leg.latch.strangers() == 200);
}

TEST_CASE("another port of the same address waits until the locked one is silent") {
  Leg leg;
  leg.latch.open(kPhone);
  leg.rtp(kPhone, 5000);
  leg.rtp(kPhone, 5000);
  CHECK(leg.rtp(kPhone, 6000) == Verdict::stranger);
  leg.now += Latch::kSilence + milliseconds(1);
  CHECK(leg.rtp(kPhone, 6000) == Verdict::accepted);
  CHECK(leg.rtp(kPhone, 6000) == Verdict::latched);
  CHECK(leg.latch.far_end() == Endpoint{kPhone, 6000});
  CHECK(leg.latch.moves() == 1);
}

TEST_CASE("a new open lets another port in at once, and the old one stays until it has passed probation") {
  Leg leg;
  leg.latch.open(kPhone);
  leg.rtp(kPhone, 5000);
  leg.rtp(kPhone, 5000);
  leg.latch.open(kPhone);
  CHECK(leg.latch.far_end() == Endpoint{kPhone, 5000});
  leg.rtp(kPhone, 6000);
  CHECK(leg.latch.far_end() == Endpoint{kPhone, 5000});
  CHECK(leg.rtp(kPhone, 6000) == Verdict::latched);
}

TEST_CASE("probation wants one source, one SSRC and consecutive numbers") {
  Leg leg;
  leg.latch.open(kPhone);
  for (int i = 0; i < 10; ++i)
    CHECK(leg.rtp(kPhone, static_cast<std::uint16_t>(5000 + i)) == Verdict::accepted);
  for (std::uint32_t i = 0; i < 10; ++i)
    CHECK(leg.rtp(kPhone, 5000, i) == Verdict::accepted);
  for (int i = 0; i < 10; ++i) {
    leg.sequence = static_cast<std::uint16_t>(leg.sequence + 7);
    CHECK(leg.rtp(kPhone, 5000) == Verdict::accepted);
  }
  CHECK_FALSE(leg.latch.far_end());
  CHECK(leg.latch.on_rtp(leg.now, {kPhone, 5000}, std::nullopt) == Verdict::invalid);
}

TEST_CASE("a phone that moved to another address is not sent to its old one") {
  Leg leg;
  leg.latch.open(kPhone);
  leg.rtp(kPhone, 5000);
  leg.rtp(kPhone, 5000);
  leg.latch.open(kMallory);
  CHECK_FALSE(leg.latch.far_end());
}

namespace {

const IpAddress kElsewhere = IpAddress::v4(0xcb007170);

/// A locked leg of SSRC 1 whose phone is said to be at kElsewhere.
Leg roaming() {
  Leg leg;
  leg.latch.open(kPhone);
  leg.rtp(kPhone, 5000);
  leg.rtp(kPhone, 5000);
  leg.latch.let_roam(kElsewhere);
  return leg;
}

}  // namespace

TEST_CASE(
    "a phone said to be elsewhere is there once its own SSRC goes on from there; the old address is a stranger's then") {
  Leg leg = roaming();
  CHECK(leg.rtp(kPhone, 5000) == Verdict::accepted);
  leg.sequence = static_cast<std::uint16_t>(leg.sequence + 50);  // lost on the way
  CHECK(leg.rtp(kElsewhere, 6000) == Verdict::accepted);
  CHECK(leg.latch.far_end() == Endpoint{kPhone, 5000});
  CHECK(leg.rtp(kElsewhere, 6000) == Verdict::latched);
  CHECK(leg.latch.far_end() == Endpoint{kElsewhere, 6000});
  CHECK(leg.latch.address() == kElsewhere);
  leg.now += seconds(60);
  for (int i = 0; i < 50; ++i)
    CHECK(leg.rtp(kPhone, 5000) == Verdict::stranger);
  CHECK(leg.latch.far_end() == Endpoint{kElsewhere, 6000});
}

TEST_CASE("whoever says that he is the phone and does not know its SSRC never moves the leg, silent or not") {
  Leg leg = roaming();
  for (std::uint32_t i = 0; i < 200; ++i)
    CHECK(leg.rtp(kElsewhere, 6000, 2 + i / 4) == Verdict::stranger);
  CHECK(leg.latch.on_rtp(leg.now, {kElsewhere, 6000}, std::nullopt) == Verdict::stranger);
  CHECK(leg.latch.on_datagram(leg.now, {kElsewhere, 6000}, true) == Verdict::stranger);
  CHECK(leg.latch.on_keepalive(leg.now, {kElsewhere, 6000}) == Verdict::stranger);
  leg.now += seconds(60);
  for (int i = 0; i < 50; ++i)
    CHECK(leg.rtp(kElsewhere, 6000, 2) == Verdict::stranger);
  CHECK(leg.latch.far_end() == Endpoint{kPhone, 5000});
  CHECK(leg.rtp(kPhone, 5000) == Verdict::accepted);
}

TEST_CASE("old sequence numbers, and a third address, move no leg whose phone is said to be elsewhere") {
  Leg leg = roaming();
  CHECK(leg.rtp(kMallory, 6000) == Verdict::stranger);
  leg.sequence = 90;
  for (int i = 0; i < 5; ++i)
    CHECK(leg.rtp(kElsewhere, 6000) == Verdict::stranger);
  CHECK(leg.latch.far_end() == Endpoint{kPhone, 5000});
}

TEST_CASE("forged packets from the phone's own place don't make another SSRC the phone's while its own is heard") {
  Leg leg = roaming();
  leg.rtp(kPhone, 5000, 9);
  leg.rtp(kPhone, 5000, 9);
  for (int i = 0; i < 5; ++i)
    CHECK(leg.rtp(kElsewhere, 6000, 9) == Verdict::stranger);
  // Its own new one counts once the old one is silent.
  leg.now += seconds(4);
  leg.rtp(kPhone, 5000, 3);
  leg.rtp(kElsewhere, 6000, 3);
  CHECK(leg.rtp(kElsewhere, 6000, 3) == Verdict::latched);
}

TEST_CASE("a phone that is back at its own address is nowhere else") {
  Leg leg = roaming();
  leg.latch.let_roam(kPhone);
  for (int i = 0; i < 5; ++i)
    CHECK(leg.rtp(kElsewhere, 6000) == Verdict::stranger);
  CHECK(leg.rtp(kPhone, 5000) == Verdict::accepted);
}

TEST_CASE("RTCP latches with its first valid packet") {
  Latch latch;
  latch.open(kPhone);
  CHECK(latch.on_datagram(TimePoint{}, {kPhone, 5001}, false) == Verdict::invalid);
  CHECK(latch.on_datagram(TimePoint{}, {kMallory, 5001}, true) == Verdict::stranger);
  CHECK(latch.on_datagram(TimePoint{}, {kPhone, 5001}, true) == Verdict::latched);
  CHECK(latch.on_datagram(TimePoint{}, {kPhone, 5003}, true) == Verdict::stranger);
}
