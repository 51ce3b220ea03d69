#include "tests/unit/nat/stream_world.hpp"

using namespace dw;
using namespace dw::nat;
using namespace dw::nat::test;
using Fate = RelaySession::Fate;

namespace {

constexpr std::uint8_t kNseAsk = 200, kNseAgree = 201, kNseRefuse = 202;
struct Gateway : StreamWorld {
  Gateway() {
    session.set_far_end(kFarEnd);
    latch();
    rtp(Port::central_rtp, kFarEnd);
  }
  /// A named signalling event: event, end and volume, duration (laid out as in RFC 4733 §2.3).
  void nse(Port port, const Endpoint& from, std::uint8_t event, std::uint8_t type = 100) {
    Buffer packet = test::rtp({.sequence = ++sequence, .timestamp = 1, .payload_type = type, .octets = 0});
    packet.insert(packet.end(), {event, 0, 0, 0});
    CHECK(this->packet(port, from, packet).fate == Fate::relay);
  }
  void both_agree(std::uint8_t type = 100) {
    nse(Port::phone_rtp, {kPhone, 5000}, kNseAsk, type);
    nse(Port::central_rtp, kFarEnd, kNseAgree, type);
  }
  bool passes() {
    const bool up = packet(Port::phone_rtp, {kPhone, 5000}, kUdptl).fate == Fate::relay;
    const bool down = packet(Port::central_rtp, kFarEnd, kUdptl).fate == Fate::relay;
    CHECK(up == down);
    return up && down;
  }
};

}  // namespace

TEST_CASE("two gateways that agreed by named signalling events go over to T.38, and nobody else with them") {
  Gateway g;
  CHECK_FALSE(g.passes());
  g.both_agree();
  const auto lost = g.session.from_phone().lost;
  CHECK(g.passes());
  CHECK(g.packet(Port::phone_rtp, {kPhone, 6000}, kUdptl).fate == Fate::invalid);
  CHECK(g.packet(Port::phone_rtp, {kMallory, 5000}, kUdptl).fate == Fate::stranger);
  CHECK(g.packet(Port::central_rtp, {kFarEnd.address, 31000}, kUdptl).fate == Fate::invalid);
  CHECK(g.packet(Port::central_rtp, {kServer, 30000}, kUdptl).fate == Fate::invalid);
  CHECK(g.packet(Port::central_rtp, {kMallory, 30000}, kUdptl).fate == Fate::stranger);
  CHECK(g.session.from_phone().packets == 2 + 1 + 1);
  CHECK(g.session.from_phone().lost == lost);
  CHECK_FALSE(g.session.keepalive(g.now + std::chrono::seconds(60), std::chrono::seconds(15)));
  CHECK(g.rtp(Port::phone_rtp, {kPhone, 5000}).fate == Fate::relay);  // and RTP goes on as ever
}

TEST_CASE("one side alone, a refusal, other events or another payload type switch nothing") {
  Gateway one;
  one.nse(Port::phone_rtp, {kPhone, 5000}, kNseAsk);
  CHECK_FALSE(one.passes());
  Gateway refused;
  refused.both_agree();
  refused.nse(Port::central_rtp, kFarEnd, kNseRefuse);
  CHECK_FALSE(refused.passes());
  Gateway modem;
  modem.nse(Port::phone_rtp, {kPhone, 5000}, 192);
  modem.nse(Port::central_rtp, kFarEnd, 192);
  CHECK_FALSE(modem.passes());
  Gateway digits;
  digits.both_agree(101);
  CHECK_FALSE(digits.passes());
}

TEST_CASE("signalling may give the events another payload type, or theirs to something else") {
  Gateway other;
  const auto formats = std::make_shared<const MediaFormats>(
      MediaFormats{{100, 48'000, MediaFormat::Kind::media}, {102, 8'000, MediaFormat::Kind::nse}});
  other.session.set_formats(MediaSide::phone, formats);
  other.session.set_formats(MediaSide::central, formats);
  other.both_agree(100);
  CHECK_FALSE(other.passes());
  other.both_agree(102);
  CHECK(other.passes());
}

TEST_CASE("a stream that is opened again, or has another far end, is no fax any more") {
  Gateway again;
  again.both_agree();
  again.session.reopen();
  CHECK_FALSE(again.passes());
  Gateway moved;
  moved.both_agree();
  moved.session.set_far_end(Endpoint{kFarEnd.address, 31000});
  CHECK(moved.packet(Port::phone_rtp, {kPhone, 5000}, kUdptl).fate == Fate::invalid);
}

TEST_CASE("two gateways of ours that are joined go over to T.38 as well") {
  StreamWorld a, b;
  a.latch();
  b.latch();
  const auto pass = [](StreamWorld& from, StreamWorld& to, const Buffer& octets) {
    if (!from.packet(Port::phone_rtp, {kPhone, 5000}, octets).taken()) return Fate::invalid;
    return to.session.on_bridged(to.now, Port::central_rtp, octets).fate;
  };
  CHECK(pass(a, b, kUdptl) == Fate::invalid);
  for (auto* const from : {&a, &b}) {
    Buffer packet = test::rtp({.sequence = ++from->sequence, .payload_type = 100, .octets = 0});
    packet.insert(packet.end(), {from == &a ? kNseAsk : kNseAgree, 0, 0, 0});
    CHECK(pass(*from, from == &a ? b : a, packet) == Fate::relay);
  }
  CHECK(pass(a, b, kUdptl) == Fate::relay);
  CHECK(pass(b, a, kUdptl) == Fate::relay);
}
