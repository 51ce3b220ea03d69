#include "sbc/sccp/preserved_calls.hpp"

#include <doctest/doctest.h>

#include "tests/support/sccp_fake_broker.hpp"

namespace dw::sccp {
namespace {

using namespace std::chrono_literals;

const std::string kPhone = "SEP001122334455";
const IpAddress kHome = IpAddress::v4(0xc6336407);

/// Calls whose people talk as the test wants.
struct Town {
  sim::FakeBroker broker;
  PreservedCalls preserved{broker};
  PreservedCalls::Over over;
  TimePoint now{1h};
  bool phone_talks = true, central_talks = true;
  std::vector<MediaId> ids;

  void lose_call(std::uint32_t reference, const std::string& device = kPhone, std::size_t streams = 1) {
    LostCall lost;
    lost.call.reference = reference;
    lost.call.start = now;
    lost.call.preserved = true;
    for (std::size_t i = 0; i < streams; ++i) {
      CallStream stream;
      stream.ports = *broker.open({kHome, kHome, kHome, kHome});
      stream.phone_stated = {kHome, static_cast<std::uint16_t>(16384 + 2 * ids.size())};
      ids.push_back(stream.ports.id);
      lost.live.push_back(stream);
    }
    talk();
    preserved.add(now, device, std::move(lost), over);
  }
  void talk() {
    for (const MediaId id : ids) {
      if (phone_talks) broker.reports[id].from_phone.heard = now;
      if (central_talks) broker.reports[id].from_central.heard = now;
    }
  }
  void pass(Duration d) {
    for (const TimePoint end = now + d; now < end; now += 1s) {
      talk();
      if (preserved.next_deadline() <= now) preserved.on_deadline(now, over);
    }
  }
  std::size_t streams() const { return broker.streams().size(); }
};

}  // namespace

TEST_CASE("a preserved call goes on for as long as both sides talk") {
  Town town;
  town.lose_call(7);
  town.pass(3h);
  CHECK(town.over.empty());
  CHECK(town.streams() == 1);
  const auto calls = town.preserved.calls(town.now);
  REQUIRE(calls.size() == 1);
  CHECK(calls[0].device == kPhone);
  CHECK(calls[0].preserved);
  CHECK(calls[0].streams.size() == 1);
}

TEST_CASE("a phone that registers elsewhere has its own running calls follow it, and nobody else's") {
  Town town;
  town.lose_call(7);
  town.lose_call(8, "SEP001122334402");
  const IpAddress elsewhere = IpAddress::v4(0xc6336408);
  town.preserved.on_registered(town.now, kPhone, elsewhere, 1);
  CHECK(town.broker.streams().at(town.ids[0]).request.phone == elsewhere);
  CHECK(town.broker.streams().at(town.ids[1]).request.phone == kHome);
}

TEST_CASE("either side's silence ends it, and its length is what was talked") {
  for (const bool phone : {true, false}) {
    CAPTURE(phone);
    Town town;
    town.lose_call(7);
    town.pass(1min);
    (phone ? town.phone_talks : town.central_talks) = false;
    (phone ? town.central_talks : town.phone_talks) = false;
    const TimePoint hung_up = town.now - 1s;
    town.pass(290s);
    CHECK(town.over.empty());
    town.pass(20s);
    REQUIRE(town.over.size() == 1);
    CHECK(town.over[0].start + town.over[0].duration == hung_up);
    CHECK(town.over[0].preserved);  // its record says so
    CHECK(town.over[0].state == "ended");
    CHECK(town.over[0].streams.size() == 1);
    CHECK(town.streams() == 0);
    CHECK(town.preserved.next_deadline() == TimePoint::max());
  }
}

TEST_CASE("a phone that is gone ends it in bounded time, though the far end goes on sending") {
  Town town;
  town.preserved.configure(20s);
  town.lose_call(7);
  town.phone_talks = false;
  town.pass(30s);
  CHECK(town.over.size() == 1);
  CHECK(town.streams() == 0);
}

TEST_CASE("nobody waits for a call of which one end is silent, though it is kept") {
  Town town;
  town.lose_call(7);
  town.pass(10s);
  CHECK(town.preserved.talking(town.now) == 1);
  town.phone_talks = false;
  town.pass(4s);
  CHECK(town.preserved.talking(town.now) == 0);
  CHECK(town.preserved.size() == 1);
}

TEST_CASE("a phone that registers again does not cut it") {
  for (const std::uint32_t streams : {0U, 1U}) {
    CAPTURE(streams);
    Town town;
    town.lose_call(7);
    town.preserved.on_registered(town.now, kPhone, kHome, streams);
    town.pass(1h);
    CHECK(town.over.empty());
  }
  Town silent;  // it has a stream, and says nothing for a while
  silent.lose_call(7);
  silent.preserved.on_registered(silent.now, kPhone, kHome, 1);
  silent.phone_talks = false;
  silent.pass(1min);
  CHECK(silent.over.empty());
}

TEST_CASE("a phone that registers again without a stream, and is silent, has hung up") {
  Town town;
  town.lose_call(7);
  town.lose_call(8, "SEP00AABBCCDDEE");
  town.phone_talks = false;
  town.preserved.on_registered(town.now, kPhone, kHome, 0);
  town.pass(16s);
  REQUIRE(town.over.size() == 1);
  CHECK(town.over[0].reference == 7);
  CHECK(town.streams() == 1);
}

TEST_CASE("a phone that receives another call's media at the same port hears nothing of the old one") {
  Town town;
  town.lose_call(7);
  town.lose_call(8);
  town.preserved.on_receives(town.now, "SEP00AABBCCDDEE", {kHome, 16384}, town.over);
  town.preserved.on_receives(town.now, kPhone, {kHome, 16400}, town.over);
  CHECK(town.over.empty());
  town.preserved.on_receives(town.now, kPhone, {kHome, 16384}, town.over);
  REQUIRE(town.over.size() == 1);
  CHECK(town.over[0].reference == 7);
  CHECK(town.streams() == 1);
}

TEST_CASE("a device has eight streams at most, all of them a bound, and nothing is left open at the end") {
  Town town;
  for (std::uint32_t i = 1; i <= 9; ++i)
    town.lose_call(i);
  REQUIRE(town.over.size() == 1);
  CHECK(town.over[0].reference == 1);
  CHECK(town.streams() == PreservedCalls::kMaxStreamsOfDevice);

  sim::FakeBroker many;
  many.limit = 2 * PreservedCalls::kMaxStreams;
  {
    PreservedCalls all(many);
    PreservedCalls::Over over;
    for (std::size_t i = 0; i < PreservedCalls::kMaxStreams + 3; ++i) {
      LostCall lost;
      lost.live.emplace_back();
      lost.live.back().ports = *many.open({kHome, kHome, kHome, kHome});
      all.add(TimePoint{1h}, "SEP" + std::to_string(i), std::move(lost), over);
    }
    CHECK(over.size() == 3);
    CHECK(many.streams().size() == PreservedCalls::kMaxStreams);
  }
  CHECK(many.streams().empty());
}

}  // namespace dw::sccp
