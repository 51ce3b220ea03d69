#include "tests/unit/nat/stream_world.hpp"

using namespace dw;
using namespace dw::nat;
using namespace dw::nat::test;
using Fate = RelaySession::Fate;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

Endpoint of_phone(std::uint16_t port) {
  return {kPhone, port};
}
void state_port(StreamWorld& s, std::uint16_t port) {
  s.session.set_phone(s.now, of_phone(port), of_phone(static_cast<std::uint16_t>(port + 1)));
}

}  // namespace

TEST_CASE("a phone that only listens and says its own address is sent to, RTCP too, before it was heard") {
  StreamWorld s;
  s.session.set_far_end(kFarEnd);
  CHECK(s.rtp(Port::central_rtp, kFarEnd).fate == Fate::hold);
  state_port(s, 16384);
  CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == of_phone(16384));
  CHECK(s.to(s.rtcp(Port::central_rtcp, kFarEnd)) == of_phone(16385));
  CHECK(s.to(s.session.on_bridged(s.now, Port::central_rtp, test::rtp({}))) == of_phone(16384));
  CHECK_FALSE(s.session.phone());
}

TEST_CASE("what a router hides counts by what is heard: the latch takes the stated port's place") {
  StreamWorld s;
  s.session.set_far_end(kFarEnd);
  state_port(s, 16384);
  s.latch(5000);
  CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == of_phone(5000));
  CHECK(s.to(s.rtcp(Port::central_rtcp, kFarEnd)) == of_phone(16385));  // RTCP was not heard yet
  s.rtcp(Port::phone_rtcp, of_phone(5009));
  CHECK(s.to(s.rtcp(Port::central_rtcp, kFarEnd)) == of_phone(5009));
}

TEST_CASE("a phone on our own LAN is sent to where it says, wherever it sends from") {
  StreamWorld s({.stated_first = true});
  s.session.set_far_end(kFarEnd);
  state_port(s, 16384);
  s.latch(5000);
  s.rtcp(Port::phone_rtcp, of_phone(5001));
  CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == of_phone(16384));
  CHECK(s.to(s.rtcp(Port::central_rtcp, kFarEnd)) == of_phone(16385));
  CHECK(s.session.phone() == of_phone(5000));  // where its packets come from
  s.session.set_phone(s.now, std::nullopt, std::nullopt);
  CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == of_phone(5000));
}

TEST_CASE("a phone that states another port is sent to there at once, also when it sends nothing from there") {
  StreamWorld s;
  s.session.set_far_end(kFarEnd);
  state_port(s, 16384);
  s.latch(16384);
  s.session.reopen();
  state_port(s, 17000);
  CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == of_phone(17000));
  s.rtp(Port::phone_rtp, of_phone(16384));  // was under way
  s.rtp(Port::phone_rtp, of_phone(16384));
  CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == of_phone(17000));
  s.latch(17044);  // its router has it come from elsewhere
  CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == of_phone(17044));
}

TEST_CASE("a phone that goes on sending from the old port after it stated another is sent to where it is heard") {
  StreamWorld s;
  s.session.set_far_end(kFarEnd);
  s.latch(5000);
  state_port(s, 17000);
  s.now += seconds(2);
  s.rtp(Port::phone_rtp, of_phone(5000));
  CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == of_phone(5000));
}

TEST_CASE(
    "a phone that roamed is sent to where its RTP goes on, its old stated ports are forgotten, and RTCP follows") {
  StreamWorld s({.stated_first = true});
  const IpAddress elsewhere = IpAddress::v4(0xcb007170);
  s.session.set_far_end(kFarEnd);
  state_port(s, 16384);
  s.latch(16384);
  s.rtcp(Port::phone_rtcp, of_phone(16385));
  s.session.set_phone_address(s.now, elsewhere);
  CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == of_phone(16384));  // somebody said so, no more
  CHECK(s.rtcp(Port::phone_rtcp, {elsewhere, 6001}).fate == Fate::stranger);
  s.rtp(Port::phone_rtp, {elsewhere, 6000});
  CHECK(s.rtp(Port::phone_rtp, {elsewhere, 6000}).latched);
  CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == Endpoint{elsewhere, 6000});
  CHECK(s.rtcp(Port::central_rtcp, kFarEnd).fate == Fate::nowhere);
  CHECK(s.rtcp(Port::phone_rtcp, of_phone(16385)).fate == Fate::stranger);
  s.rtcp(Port::phone_rtcp, {elsewhere, 6001});
  CHECK(s.to(s.rtcp(Port::central_rtcp, kFarEnd)) == Endpoint{elsewhere, 6001});
  s.session.reopen();
  CHECK(s.rtp(Port::phone_rtp, of_phone(16384)).fate == Fate::stranger);
  CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == Endpoint{elsewhere, 6000});
}

TEST_CASE("a stream on which nothing was heard is at once where its phone is, and may be sent to where that says") {
  StreamWorld s;
  const IpAddress elsewhere = IpAddress::v4(0xcb007170);
  s.session.set_far_end(kFarEnd);
  state_port(s, 16384);
  s.session.set_phone_address(s.now, elsewhere);
  CHECK(s.rtp(Port::central_rtp, kFarEnd).fate == Fate::hold);
  s.session.set_phone(s.now, Endpoint{elsewhere, 17000}, std::nullopt);
  CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == Endpoint{elsewhere, 17000});
  CHECK(s.rtp(Port::phone_rtp, of_phone(16384)).fate == Fate::stranger);
  s.rtp(Port::phone_rtp, {elsewhere, 6000});
  CHECK(s.rtp(Port::phone_rtp, {elsewhere, 6000}).latched);
}

TEST_CASE("a keepalive that is no RTP shows where a phone is that never sends RTP, and is no audio") {
  const Buffer stun = {0, 0x11, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const Buffer version0 = {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9};
  for (const Buffer& octets : {Buffer{}, Buffer{'\r', '\n', '\r', '\n'}, Buffer{0}, stun, version0}) {
    StreamWorld s;
    s.session.set_far_end(kFarEnd);
    CHECK(s.packet(Port::phone_rtp, {kMallory, 5000}, octets).fate == Fate::stranger);
    const auto first = s.packet(Port::phone_rtp, of_phone(5000), octets);
    CHECK(first.fate == Fate::keepalive);
    CHECK(first.latched);
    CHECK_FALSE(s.packet(Port::phone_rtp, of_phone(6000), octets).latched);  // it moves nobody
    CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == of_phone(5000));
    s.latch(7000);  // RTP counts more
    CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == of_phone(7000));
    CHECK(s.session.from_phone().packets == 2);
    CHECK(s.packet(Port::central_rtp, kFarEnd, octets).fate == Fate::keepalive);
    CHECK(s.packet(Port::central_rtp, {kMallory, 30000}, octets).fate == Fate::stranger);
  }
}
