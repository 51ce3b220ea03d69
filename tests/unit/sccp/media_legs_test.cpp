#include "sbc/sccp/media_legs.hpp"

#include <doctest/doctest.h>

#include "tests/support/sccp_fake_broker.hpp"

using namespace dw;
using namespace dw::sccp;
using namespace std::chrono_literals;

namespace {

const Endpoint kFarEndThere{IpAddress::v4(0x0a000009), 30000};
const Endpoint kStatedThere{IpAddress::v4(0xc0a80132), 16384};
constexpr ChannelIds kLegIds{0x11, 0x22, 0x33};

/// The media of one phone, protocol version 17.
struct Legs {
  SessionOptions options;
  sim::FakeBroker broker;
  SessionCounters counters;
  CallTable calls;
  Sides sides{{{IpAddress::v4(0xc6336407), 50000}, IpAddress::v4(0xcb00710a), {IpAddress::v4(0xcb00710a), 2000}}};
  Registration registration;
  Forwarder forwarder{options, counters};
  MediaLegs legs{options, broker, counters, forwarder, calls, sides, registration};
  Output out;
  TimePoint now{1h};

  Legs() {
    const IpAddress ours = IpAddress::v4(0x0a000005);
    sides.server = ServerSide{ours, ours, {IpAddress::v4(0x0a000009), 2000}};
    Buffer octets;
    Draft(MessageId::register_ack, 20).set(Field::version, 17).write(octets, 0);
    const Frame ack = parse_frame(octets).value();
    registration.on_register_ack(Message(ack, messages().find(ack.id), 0));
  }
  bool say(const Draft& draft, bool by_phone) {
    Buffer octets;
    draft.write(octets, 17);
    const Frame frame = parse_frame(octets).value();
    const Message message(frame, messages().find(frame.id), 17);
    return by_phone ? legs.on_phone(now, message, out) : legs.on_server(now, message, out);
  }
  void open() {
    CHECK(say(Draft(MessageId::open_receive_channel, 128, 17).set(kLegIds).set(Field::codec, 4), false));
    Draft ack(MessageId::open_receive_channel_ack, 36, 17);
    ack.set(kLegIds);
    REQUIRE(ack.set_address(kStatedThere));
    CHECK(say(ack, true));
    Draft start(MessageId::start_media_transmission, 132, 17);
    start.set(kLegIds).set(Field::codec, 4);
    REQUIRE(start.set_address(kFarEndThere));
    CHECK(say(start, false));
  }
};

}  // namespace

TEST_CASE("media legs: a channel is opened, confirmed and gets its far end, and its end is reported once") {
  Legs line;
  line.open();
  REQUIRE(line.broker.streams().size() == 1);
  const auto& stream = line.broker.streams().begin()->second;
  CHECK(stream.stated == kStatedThere);
  CHECK(stream.far_end == kFarEndThere);
  CHECK(line.legs.has_call(kLegIds.call));
  CHECK(line.legs.take_finished().empty());
  CHECK(line.say(Draft(MessageId::close_receive_channel, 16).set(kLegIds), false));
  CHECK(line.legs.take_finished().empty());
  CHECK(line.say(Draft(MessageId::stop_media_transmission, 16).set(kLegIds), false));
  CHECK(line.legs.empty());
  CHECK(line.legs.take_finished() == std::vector<std::uint32_t>{kLegIds.call});
  CHECK(line.legs.take_finished().empty());
  CHECK(line.broker.streams().empty());
}

TEST_CASE("media legs: messages of other things are left alone") {
  Legs line;
  CHECK_FALSE(line.say(Draft(MessageId::call_state, 12), false));
  CHECK_FALSE(line.say(Draft(MessageId::on_hook, 8), true));
  CHECK_FALSE(line.say(Draft(MessageId::open_receive_channel, 68), true));
  CHECK(line.out.to_phone.empty());
  CHECK(line.out.to_server.empty());
}

TEST_CASE("media legs: the channels of a call that is over end by themselves") {
  Legs line;
  line.open();
  line.legs.on_call_over(line.now, kLegIds.call);
  CHECK(line.legs.next_deadline() == line.now + MediaLegs::kAfterCall);
  line.now += MediaLegs::kAfterCall;
  line.legs.on_deadline(line.now, line.out);
  CHECK(line.legs.empty());
  CHECK(line.legs.next_deadline() == TimePoint::max());
}

TEST_CASE("media legs: of a lost connection only channels on which both sides talk live on, with their streams open") {
  Legs line;
  line.open();
  auto& report = line.broker.reports[line.broker.streams().begin()->first];
  SUBCASE("both") {
    report.from_phone.heard = report.from_central.heard = line.now;
    line.legs.finish_idle(line.now);
    const auto live = line.legs.take_all(line.now);
    REQUIRE(live.size() == 1);
    CHECK(live[0].call == kLegIds.call);
    CHECK(live[0].stream.far_end == kFarEndThere);
    CHECK(line.broker.streams().size() == 1);
  }
  SUBCASE("one") {
    report.from_phone.heard = line.now;
    line.legs.finish_idle(line.now);
    CHECK(line.legs.take_all(line.now).empty());
    CHECK(line.broker.streams().empty());
    CHECK(line.broker.last_end == MediaEnd::lost);
  }
  CHECK(line.legs.empty());
}

TEST_CASE("media legs: without ports the server hears that the phone can't receive") {
  Legs line;
  line.broker.limit = 0;
  CHECK(line.say(Draft(MessageId::open_receive_channel, 128, 17).set(kLegIds), false));
  CHECK(line.out.no_ports);
  CHECK(line.out.to_phone.empty());
  const Frame frame = parse_frame(line.out.to_server).value();
  const Message ack(frame, messages().find(frame.id), 17);
  CHECK(ack.is(MessageId::open_receive_channel_ack));
  CHECK(ack.read(Field::status) == 8);
  CHECK(ack.ids().party == kLegIds.party);
  CHECK(ack.ids().call == kLegIds.call);
}
