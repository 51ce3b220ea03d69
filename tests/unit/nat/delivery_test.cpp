#include "tests/unit/nat/stream_world.hpp"

using namespace dw;
using namespace dw::nat;
using namespace dw::nat::test;
using Fate = RelaySession::Fate;
using Sent = RelaySession::Sent;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// What the media thread says of each packet that was taken.
void arrive(StreamWorld& s, Port port, const Endpoint& from, const Buffer& octets) {
  const auto outcome = s.packet(port, from, octets);
  REQUIRE(outcome.taken());
  s.session.on_sent(s.now, port,
                    outcome.fate == Fate::relay  ? Sent::sent
                    : outcome.fate == Fate::hold ? Sent::failed
                                                 : Sent::unwanted);
}
void many_arrive(StreamWorld& s, Port port, const Endpoint& from, int packets, std::size_t octets = 160,
                 std::uint8_t type = 0) {
  for (int i = 0; i < packets; ++i, ++s.sequence)
    arrive(s, port, from,
           test::rtp({.sequence = s.sequence, .timestamp = s.sequence * 160U, .payload_type = type, .octets = octets}));
}

}  // namespace

TEST_CASE("what was delivered is counted beside what arrived") {
  StreamWorld s;
  s.session.set_far_end(kFarEnd);
  many_arrive(s, Port::phone_rtp, {kPhone, 5000}, 10);
  many_arrive(s, Port::central_rtp, kFarEnd, 7);
  CHECK(s.session.from_phone().packets == 10);
  CHECK(s.session.from_phone().delivered == 10);
  CHECK(s.session.from_central().delivered == 7);
  s.session.set_far_end(std::nullopt);
  many_arrive(s, Port::phone_rtp, {kPhone, 5000}, 500);  // on hold: nobody wants it
  CHECK(s.session.from_phone().packets == 510);
  CHECK(s.session.from_phone().delivered == 10);
  CHECK(s.session.from_phone().undelivered == Duration::zero());
}

TEST_CASE("audio for a phone that cannot be sent to is undelivered for as long as it comes") {
  StreamWorld s;
  s.session.set_far_end(kFarEnd);
  many_arrive(s, Port::central_rtp, kFarEnd, 251);
  CHECK(s.session.from_central().packets == 251);
  CHECK(s.session.from_central().delivered == 0);
  CHECK(s.session.from_central().undelivered == seconds(5));
  s.now += seconds(30);  // a pause is not counted
  many_arrive(s, Port::central_rtp, kFarEnd, 51);
  CHECK(s.session.from_central().undelivered == seconds(5));
  s.latch();
  s.session.on_held_sent();
  many_arrive(s, Port::central_rtp, kFarEnd, 500);
  CHECK(s.session.from_central().delivered == 501);
  CHECK(s.session.from_central().undelivered == seconds(5));  // the longest time stays known
}

TEST_CASE("keepalives and comfort noise are no audio, and nothing undelivered") {
  StreamWorld s;
  s.session.set_far_end(kFarEnd);
  many_arrive(s, Port::central_rtp, kFarEnd, 200, 0);
  many_arrive(s, Port::central_rtp, kFarEnd, 200, 1, 13);
  many_arrive(s, Port::central_rtp, kFarEnd, 200, 1, 19);
  s.session.set_formats(MediaSide::phone, std::make_shared<const MediaFormats>(
                                              MediaFormats{{98, 16'000, MediaFormat::Kind::comfort_noise}}));
  many_arrive(s, Port::central_rtp, kFarEnd, 200, 5, 98);
  CHECK(s.session.from_central().packets == 800);
  CHECK(s.session.from_central().audio == 0);
  CHECK_FALSE(s.session.from_central().loss_percent());
  CHECK(s.session.from_central().undelivered == Duration::zero());
  many_arrive(s, Port::central_rtp, kFarEnd, 1, 4, 101);  // a digit is something to hear
  CHECK(s.session.from_central().audio == 1);
}

TEST_CASE("a keepalive like our own hides no loss, adds none, and is no sign of life") {
  StreamWorld far, s;
  for (StreamWorld* world : {&far, &s}) {
    world->session.set_far_end(kFarEnd);
    world->latch();
  }
  many_arrive(s, Port::central_rtp, kFarEnd, 10);
  s.sequence += 3;  // lost
  many_arrive(s, Port::central_rtp, kFarEnd, 10);
  many_arrive(far, Port::central_rtp, kFarEnd, 1);
  const auto heard = s.session.from_central().heard;
  CHECK(heard == s.now);
  Buffer ours = test::rtp(
      {.sequence = static_cast<std::uint16_t>(s.sequence - 1), .timestamp = (s.sequence - 1U) * 160U, .octets = 0});
  REQUIRE(far.session.keepalive(far.now + seconds(15), seconds(15))->size() == ours.size());
  for (int i = 0; i < 5; ++i) {
    s.now += seconds(15);
    arrive(s, Port::central_rtp, kFarEnd, ours);
  }
  CHECK(s.session.from_central().lost == 3);
  CHECK(s.session.from_central().packets == 25);
  CHECK(s.session.from_central().audio == 20);
  CHECK(s.session.from_central().heard == heard);
}

TEST_CASE("RTCP is a sign of life of its side, and no audio") {
  StreamWorld s;
  s.session.set_far_end(kFarEnd);
  CHECK_FALSE(s.session.from_phone().heard);
  s.rtcp(Port::phone_rtcp, {kPhone, 5001});
  CHECK(s.session.from_phone().heard == s.now);
  CHECK_FALSE(s.session.from_phone().last);
  CHECK_FALSE(s.session.from_central().heard);
  s.latch();
  s.now += seconds(60);
  s.rtcp(Port::central_rtcp, kFarEnd);
  CHECK(s.session.from_central().heard == s.now);
  CHECK(s.session.from_phone().heard == s.now - seconds(60) - milliseconds(20));
  CHECK(s.session.from_central().packets == 0);
}

TEST_CASE("what this box itself drops is counted apart and is no loss on the way") {
  StreamWorld s;
  s.session.set_far_end(kFarEnd);
  many_arrive(s, Port::phone_rtp, {kPhone, 5000}, 10);
  s.sequence += 4;  // three of them found the buffer full
  s.session.on_overflow(Port::phone_rtp, 3);
  many_arrive(s, Port::phone_rtp, {kPhone, 5000}, 10);
  s.rtp(Port::phone_rtp, {kPhone, 5000});
  s.session.on_late(Port::phone_rtp);
  CHECK(s.session.from_phone().dropped == 4);
  CHECK(s.session.from_phone().lost == 2);  // and the number that rtp() left out
  CHECK(s.session.from_phone().delivered == 20);
  s.session.on_late(Port::phone_rtcp);
  s.session.on_overflow(Port::central_rtcp, 5);
  CHECK(s.session.from_phone().dropped == 4);
  CHECK(s.session.from_central().dropped == 0);
}
