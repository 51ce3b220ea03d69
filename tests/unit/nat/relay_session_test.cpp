#include "nat/core/media/relay_session.hpp"

#include <doctest/doctest.h>

#include "tests/unit/nat/stream_world.hpp"

using namespace dw;
using namespace dw::nat;
using namespace dw::nat::test;
using Fate = RelaySession::Fate;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct Stream {
  RelaySession session;
  explicit Stream(StreamRules rules = {}) : session(with_known(std::move(rules))) {}
  static StreamRules with_known(StreamRules rules) {
    rules.phone = kPhone;
    if (!rules.allowed) rules.allowed = std::make_shared<const AllowedSenders>(AllowedSenders{{kServer}, {}});
    return rules;
  }
  TimePoint now{};
  std::uint16_t sequence = 100;
  RelaySession::Outcome rtp(Port port, const Endpoint& from) {
    now += milliseconds(20);
    return session.on_packet(now, port, from, test::rtp({.sequence = ++sequence, .timestamp = sequence * 160U}));
  }
  RelaySession::Outcome rtcp(Port port, const Endpoint& from) { return session.on_packet(now, port, from, kRtcp); }
  RelaySession::Outcome udptl(Port port, const Endpoint& from) {
    now += milliseconds(20);
    return session.on_packet(now, port, from, kUdptl);
  }
  void latch(std::uint16_t port = 5000) {
    rtp(Port::phone_rtp, {kPhone, port});
    REQUIRE(rtp(Port::phone_rtp, {kPhone, port}).latched);
  }
  Endpoint to(const RelaySession::Outcome& outcome) const { return outcome.to ? *outcome.to : Endpoint{}; }
};

}  // namespace

TEST_CASE("the ports that face each other") {
  CHECK(across(Port::phone_rtp) == Port::central_rtp);
  CHECK(across(Port::central_rtcp) == Port::phone_rtcp);
  CHECK(on_phone_side(Port::phone_rtcp));
  CHECK_FALSE(on_phone_side(Port::central_rtp));
  CHECK(for_rtcp(Port::central_rtcp));
}

TEST_CASE("the phone's packets go to the far end as it was named, and nowhere before") {
  Stream s;
  CHECK(s.rtp(Port::phone_rtp, {kPhone, 5000}).fate == Fate::nowhere);
  s.session.set_far_end(kFarEnd);
  const auto outcome = s.rtp(Port::phone_rtp, {kPhone, 5000});
  CHECK(outcome.fate == Fate::relay);
  CHECK(outcome.latched);
  CHECK(s.to(outcome) == kFarEnd);
  s.rtp(Port::central_rtp, {kFarEnd.address, 31000});  // it sends from another port than it receives at
  CHECK(s.to(s.rtp(Port::phone_rtp, {kPhone, 5000})) == kFarEnd);
  CHECK(s.session.from_phone().packets == 3);
}

TEST_CASE("the central side hears the far end's address and the call server's, and nobody else") {
  Stream s;
  s.latch();
  CHECK(s.rtp(Port::central_rtp, {kServer, 4000}).fate == Fate::relay);
  CHECK(s.rtp(Port::central_rtp, kFarEnd).fate == Fate::stranger);
  s.session.set_far_end(kFarEnd);
  CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == Endpoint{kPhone, 5000});
  CHECK(s.rtp(Port::central_rtp, {kServer, 4000}).fate == Fate::relay);
  CHECK(s.rtp(Port::central_rtp, {kMallory, kFarEnd.port}).fate == Fate::stranger);
  CHECK(s.rtcp(Port::central_rtcp, {kMallory, kFarEnd.port}).fate == Fate::stranger);
  CHECK(s.session.strangers() == 3);
  CHECK(s.session.from_central().packets == 3);
}

TEST_CASE("a call server that nobody named as far end is not answered") {
  Stream s;
  s.latch();
  s.rtp(Port::central_rtp, {kServer, 4000});
  s.rtcp(Port::central_rtcp, {kServer, 4001});
  CHECK(s.rtp(Port::phone_rtp, {kPhone, 5000}).fate == Fate::nowhere);
  CHECK(s.rtcp(Port::phone_rtcp, {kPhone, 5001}).fate == Fate::nowhere);
}

TEST_CASE("packets for a phone that was not heard are held, and go to it afterwards") {
  Stream s;
  s.session.set_far_end(kFarEnd);
  CHECK(s.rtp(Port::central_rtp, kFarEnd).fate == Fate::hold);
  s.latch();
  CHECK(s.rtp(Port::central_rtp, kFarEnd).fate == Fate::relay);
}

TEST_CASE("no address but the phone's moves a leg, whoever asks how often") {
  Stream s;
  s.session.set_far_end(kFarEnd);
  s.latch();
  for (int i = 0; i < 20; ++i)
    CHECK(s.rtp(Port::phone_rtp, {kMallory, 5000}).fate == Fate::stranger);
  s.now += seconds(60);
  for (int i = 0; i < 20; ++i)
    CHECK(s.rtp(Port::phone_rtp, {kMallory, 5000}).fate == Fate::stranger);
  CHECK(s.rtcp(Port::phone_rtcp, {kMallory, 5001}).fate == Fate::stranger);
  CHECK(s.session.strangers() == 41);
  CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == Endpoint{kPhone, 5000});
}

TEST_CASE("a new open lets the phone's next port in") {
  Stream s;
  s.latch(5000);
  CHECK(s.rtp(Port::phone_rtp, {kPhone, 6000}).fate == Fate::stranger);
  s.session.reopen();
  s.latch(6000);
  CHECK(s.session.phone() == Endpoint{kPhone, 6000});
}

TEST_CASE("RTCP has a latch of its own; on the central side it goes to where the far end receives it") {
  Stream s;
  s.session.set_far_end(kFarEnd);
  s.latch(5000);
  CHECK(s.rtcp(Port::central_rtcp, {kFarEnd.address, 30001}).fate == Fate::nowhere);  // never guessed from RTP's
  CHECK(s.to(s.rtcp(Port::phone_rtcp, {kPhone, 7777})) == Endpoint{kFarEnd.address, 30001});
  CHECK(s.to(s.rtcp(Port::central_rtcp, {kFarEnd.address, 30001})) == Endpoint{kPhone, 7777});
  s.session.set_far_end(Endpoint{kFarEnd.address, 40000});
  CHECK(s.to(s.rtcp(Port::phone_rtcp, {kPhone, 7777})) == Endpoint{kFarEnd.address, 40001});
  s.session.set_far_end(Endpoint{kFarEnd.address, 65535});  // there is no port after it
  CHECK(s.rtcp(Port::phone_rtcp, {kPhone, 7777}).fate == Fate::nowhere);
}

TEST_CASE("RTCP on the RTP port does not latch, and RTP on the RTCP port is invalid") {
  Stream s;
  for (int i = 0; i < 5; ++i)
    CHECK(s.rtcp(Port::phone_rtp, {kPhone, 5000}).fate == Fate::invalid);
  CHECK(s.rtp(Port::phone_rtcp, {kPhone, 5000}).fate == Fate::invalid);
  CHECK(s.rtcp(Port::central_rtp, {kServer, 5000}).fate == Fate::invalid);
  CHECK_FALSE(s.session.phone());
  CHECK(s.session.from_phone().packets == 0);
  CHECK(s.session.from_central().packets == 0);
}

TEST_CASE("addresses that are no single host are no far end") {
  Stream s;
  for (const Endpoint& nobody : {Endpoint{IpAddress::v4(0), 30000}, Endpoint{IpAddress::v4(0xe0000001), 30000},
                                 Endpoint{IpAddress::v4(0xffffffff), 30000}, Endpoint{kServer, 0}, Endpoint{}}) {
    s.session.set_far_end(kFarEnd);
    s.session.set_far_end(nobody);
    CHECK(s.rtp(Port::phone_rtp, {kPhone, 5000}).fate == Fate::nowhere);
  }
}

TEST_CASE("every payload type passes, but those that are RTCP's") {
  Stream s;
  s.session.set_far_end(kFarEnd);
  for (unsigned type = 0; type < 128; ++type) {
    const Buffer packet = test::rtp({.sequence = ++s.sequence, .payload_type = static_cast<std::uint8_t>(type)});
    const auto fate = s.session.on_packet(s.now, Port::phone_rtp, {kPhone, 5000}, packet).fate;
    CHECK(fate == (type >= 64 && type <= 95 ? Fate::invalid : Fate::relay));
  }
}

TEST_CASE("a feed is one port pair of ours, for as long as it is named") {
  Stream s;
  s.latch();
  const Endpoint feed{kMallory, 20000};
  CHECK(s.rtp(Port::central_rtp, feed).fate == Fate::stranger);
  s.session.set_feed(feed);
  CHECK(s.rtp(Port::central_rtp, feed).fate == Fate::relay);
  CHECK(s.rtp(Port::central_rtp, {kMallory, 20002}).fate == Fate::stranger);
  s.rtcp(Port::phone_rtcp, {kPhone, 5001});
  CHECK(s.rtcp(Port::central_rtcp, {kMallory, 20001}).fate == Fate::relay);
  s.session.set_feed(std::nullopt);
  CHECK(s.rtp(Port::central_rtp, feed).fate == Fate::stranger);
}

TEST_CASE("what is bridged is counted as from the central side and needs no far end") {
  Stream s;
  CHECK(s.session.on_bridged(s.now, Port::central_rtp, test::rtp({})).fate == Fate::hold);
  s.latch();
  CHECK(s.to(s.session.on_bridged(s.now, Port::central_rtp, test::rtp({.sequence = 1}))) == Endpoint{kPhone, 5000});
  CHECK(s.session.on_bridged(s.now, Port::central_rtcp, kRtcp).fate == Fate::nowhere);
  CHECK(s.session.on_bridged(s.now, Port::central_rtp, kRtcp).fate == Fate::invalid);
  CHECK(s.session.from_central().packets == 2);
}

TEST_CASE("a keepalive repeats the last header, only to a latched phone and only in silence") {
  Stream s;
  s.session.set_far_end(kFarEnd);
  s.now += seconds(60);
  CHECK_FALSE(s.session.keepalive(s.now, seconds(15)));
  s.latch();
  CHECK_FALSE(s.session.keepalive(s.now + seconds(14), seconds(15)));
  const Buffer last = test::rtp({.sequence = 0x1234, .timestamp = 0x56789abc, .ssrc = 0xdef01234, .payload_type = 18});
  s.session.on_packet(s.now, Port::central_rtp, kFarEnd, last);
  CHECK_FALSE(s.session.keepalive(s.now + seconds(14), seconds(15)));
  const auto packet = s.session.keepalive(s.now + seconds(15), seconds(15));
  REQUIRE(packet);
  CHECK(Buffer(packet->begin(), packet->end()) == Buffer(last.begin(), last.begin() + kRtpHeaderOctets));
  CHECK_FALSE(s.session.keepalive(s.now + seconds(29), seconds(15)));
  CHECK(s.session.keepalive(s.now + seconds(30), seconds(15)));
}

TEST_CASE("before anything came for the phone, a keepalive has the phone's own payload type") {
  Stream s;
  for (std::uint16_t i = 0; i < 2; ++i)
    s.session.on_packet(s.now, Port::phone_rtp, {kPhone, 5000}, test::rtp({.sequence = i, .payload_type = 9}));
  const auto packet = s.session.keepalive(s.now + seconds(15), seconds(15));
  REQUIRE(packet);
  const auto header = parse_rtp(*packet);
  REQUIRE(header);
  CHECK(header->payload_type == 9);
}

TEST_CASE("a silenced stream counts what comes and sends nothing, keepalives neither") {
  Stream s;
  s.session.set_far_end(kFarEnd);
  s.latch();
  s.session.silence();
  CHECK(s.rtp(Port::phone_rtp, {kPhone, 5000}).fate == Fate::nowhere);
  CHECK(s.rtp(Port::central_rtp, kFarEnd).fate == Fate::nowhere);
  CHECK(s.rtcp(Port::central_rtcp, kFarEnd).fate == Fate::nowhere);
  CHECK(s.session.from_phone().packets == 3);
  CHECK_FALSE(s.session.keepalive(s.now + seconds(60), seconds(15)));

  Stream unheard;
  unheard.session.silence();
  CHECK(unheard.rtp(Port::central_rtp, {kServer, 30000}).fate == Fate::nowhere);  // not held either
}

TEST_CASE("a fax takes over the ports of a call, and gives them back") {
  Stream s;
  s.session.set_far_end(kFarEnd);
  s.latch();
  CHECK(s.udptl(Port::phone_rtp, {kPhone, 5000}).fate == Fate::invalid);
  CHECK(s.udptl(Port::central_rtp, kFarEnd).fate == Fate::invalid);
  s.session.set_opaque(true);
  CHECK(s.to(s.udptl(Port::phone_rtp, {kPhone, 5000})) == kFarEnd);
  CHECK(s.to(s.udptl(Port::central_rtp, kFarEnd)) == Endpoint{kPhone, 5000});
  CHECK(s.rtp(Port::central_rtp, kFarEnd).fate == Fate::relay);  // what is still under way of the audio
  CHECK(s.udptl(Port::phone_rtp, {kMallory, 5000}).fate == Fate::stranger);
  CHECK(s.udptl(Port::central_rtp, {kMallory, 30000}).fate == Fate::stranger);
  CHECK(s.udptl(Port::phone_rtcp, {kPhone, 5001}).fate == Fate::invalid);  // RTCP's ports stay RTCP's
  s.session.set_opaque(false);
  CHECK(s.udptl(Port::phone_rtp, {kPhone, 5000}).fate == Fate::invalid);
  CHECK(s.session.phone() == Endpoint{kPhone, 5000});
  CHECK(s.to(s.rtp(Port::central_rtp, kFarEnd)) == Endpoint{kPhone, 5000});
  CHECK(s.to(s.rtp(Port::phone_rtp, {kPhone, 5000})) == kFarEnd);
}

TEST_CASE("one datagram of the phone latches what is opaque; a locked leg moves as it always does") {
  Stream s;
  s.session.set_far_end(kFarEnd);
  s.session.set_opaque(true);
  CHECK(s.udptl(Port::central_rtp, kFarEnd).fate == Fate::hold);
  CHECK(s.udptl(Port::phone_rtp, {kMallory, 5000}).fate == Fate::stranger);
  const auto first = s.udptl(Port::phone_rtp, {kPhone, 5000});
  CHECK(first.latched);
  CHECK(s.to(first) == kFarEnd);
  CHECK_FALSE(s.udptl(Port::phone_rtp, {kPhone, 5000}).latched);
  CHECK(s.udptl(Port::phone_rtp, {kPhone, 6000}).fate == Fate::stranger);
  s.now += seconds(4);
  CHECK(s.udptl(Port::phone_rtp, {kPhone, 6000}).latched);
  s.session.reopen();
  CHECK(s.udptl(Port::phone_rtp, {kPhone, 7000}).latched);
  s.session.set_opaque(false);
  CHECK(s.rtp(Port::phone_rtp, {kPhone, 8000}).fate == Fate::stranger);  // RTP has to prove itself as ever
  s.now += seconds(4);
  CHECK_FALSE(s.rtp(Port::phone_rtp, {kPhone, 8000}).latched);
  CHECK(s.session.phone() == Endpoint{kPhone, 7000});
  CHECK(s.rtp(Port::phone_rtp, {kPhone, 8000}).latched);
}

TEST_CASE("what is opaque is counted, and says nothing of the loss and the jitter of the audio around it") {
  Stream s;
  s.session.set_far_end(kFarEnd);
  s.latch();
  s.rtp(Port::central_rtp, kFarEnd);
  ++s.sequence;  // one is lost
  s.rtp(Port::central_rtp, kFarEnd);
  const MediaFlow audio = s.session.from_central();
  CHECK(audio.lost == 1);
  s.session.set_opaque(true);
  for (int i = 0; i < 10; ++i)
    s.udptl(Port::central_rtp, kFarEnd);
  const MediaFlow fax = s.session.from_central();
  CHECK(fax.packets == audio.packets + 10);
  CHECK(fax.octets == audio.octets + 10 * kUdptl.size());
  CHECK(fax.lost == 1);
  CHECK(fax.jitter == audio.jitter);
  CHECK(fax.last == s.now);
  s.now += seconds(30);
  s.session.set_opaque(false);
  s.rtp(Port::central_rtp, kFarEnd);
  CHECK(s.session.from_central().packets == fax.packets + 1);
  CHECK(s.session.from_central().lost == 1);
  CHECK(s.session.from_central().jitter == audio.jitter);

  Stream fax_alone;
  fax_alone.session.set_opaque(true);
  fax_alone.udptl(Port::phone_rtp, {kPhone, 5000});
  CHECK(fax_alone.session.from_phone().packets == 1);
  CHECK(fax_alone.session.from_phone().first == fax_alone.now);
  CHECK(fax_alone.session.from_phone().lost == 0);
}

TEST_CASE("a fax machine gets no keepalive, and audio after it gets its own again") {
  Stream s;
  s.session.set_far_end(kFarEnd);
  s.latch();
  s.session.set_opaque(true);
  s.udptl(Port::central_rtp, kFarEnd);
  CHECK_FALSE(s.session.keepalive(s.now + seconds(60), seconds(15)));
  s.session.set_opaque(false);
  CHECK_FALSE(s.session.keepalive(s.now + seconds(14), seconds(15)));
  CHECK(s.session.keepalive(s.now + seconds(15), seconds(15)));
}

TEST_CASE("a silenced stream that is opaque sends nothing either") {
  Stream s;
  s.session.set_far_end(kFarEnd);
  s.session.set_opaque(true);
  s.session.silence();
  CHECK(s.udptl(Port::phone_rtp, {kPhone, 5000}).fate == Fate::nowhere);
  CHECK(s.udptl(Port::central_rtp, kFarEnd).fate == Fate::nowhere);
}

TEST_CASE("a bridged fax needs both streams to know of it") {
  Stream s;
  CHECK(s.session.on_bridged(s.now, Port::central_rtp, kUdptl).fate == Fate::invalid);
  s.session.set_opaque(true);
  CHECK(s.session.on_bridged(s.now, Port::central_rtp, kUdptl).fate == Fate::hold);
  s.udptl(Port::phone_rtp, {kPhone, 5000});
  CHECK(s.to(s.session.on_bridged(s.now, Port::central_rtp, kUdptl)) == Endpoint{kPhone, 5000});
}

TEST_CASE(
    "behind a router the way to the far end is opened before the phone speaks, and kept open while it is silent") {
  Stream s;
  const auto due = [&](Port port) { return s.session.way_due(s.now, port, seconds(15)); };
  const Endpoint anchor{kServer, 3478}, rtcp{kFarEnd.address, static_cast<std::uint16_t>(kFarEnd.port + 1)};
  s.session.set_far_end(kFarEnd);
  CHECK_FALSE(due(Port::central_rtp));  // no router
  s.session.open_way(anchor);
  CHECK(due(Port::central_rtp) == kFarEnd);
  CHECK(due(Port::central_rtcp) == rtcp);
  CHECK_FALSE(due(Port::central_rtp));
  s.session.set_far_end(std::nullopt);  // held
  CHECK(due(Port::central_rtp) == anchor);
  s.session.set_far_end(kFarEnd);
  s.latch();  // the phone speaks: what it sends keeps its own way open
  CHECK_FALSE(due(Port::central_rtp));
  CHECK_FALSE(due(Port::central_rtcp));
  s.now += seconds(15);
  CHECK(due(Port::central_rtp) == kFarEnd);
  CHECK(due(Port::central_rtcp) == rtcp);
}

TEST_CASE("the way out is left alone while what passes is no RTP, and once the stream is silenced") {
  Stream s;
  s.session.open_way({kServer, 3478});
  s.session.set_far_end(kFarEnd);
  s.session.set_opaque(true);
  CHECK_FALSE(s.session.way_due(s.now, Port::central_rtp, seconds(15)));
  s.session.set_opaque(false);
  CHECK(s.session.way_due(s.now, Port::central_rtp, seconds(15)));
  s.now += seconds(15);
  s.session.silence();
  CHECK_FALSE(s.session.way_due(s.now, Port::central_rtp, seconds(15)));
}
