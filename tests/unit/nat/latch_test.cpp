#include "nat/core/latch.hpp"

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
  for (int i = 0; i < 50; ++i) CHECK(leg.rtp(kMallory, 5000) == Verdict::stranger);
  CHECK_FALSE(leg.latch.far_end());
  leg.rtp(kPhone, 5000);
  leg.rtp(kPhone, 5000);
  for (int i = 0; i < 50; ++i) CHECK(leg.rtp(kMallory, 5000) == Verdict::stranger);
  leg.now += seconds(60);
  for (int i = 0; i < 50; ++i) CHECK(leg.rtp(kMallory, 5000) == Verdict::stranger);
  leg.latch.open(kPhone);
  for (int i = 0; i < 50; ++i) CHECK(leg.rtp(kMallory, 5000) == Verdict::stranger);
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
  for (int i = 0; i < 10; ++i) CHECK(leg.rtp(kPhone, static_cast<std::uint16_t>(5000 + i)) == Verdict::accepted);
  for (std::uint32_t i = 0; i < 10; ++i) CHECK(leg.rtp(kPhone, 5000, i) == Verdict::accepted);
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

TEST_CASE("RTCP latches with its first valid packet") {
  Latch latch;
  latch.open(kPhone);
  CHECK(latch.on_datagram(TimePoint{}, {kPhone, 5001}, false) == Verdict::invalid);
  CHECK(latch.on_datagram(TimePoint{}, {kMallory, 5001}, true) == Verdict::stranger);
  CHECK(latch.on_datagram(TimePoint{}, {kPhone, 5001}, true) == Verdict::latched);
  CHECK(latch.on_datagram(TimePoint{}, {kPhone, 5003}, true) == Verdict::stranger);
}
