// What a session does with media: streams opened, found again, closed, and never left behind.
#include <memory>

#include "tests/sim/sccp/line.hpp"

using namespace dw;
using namespace dw::sim;

TEST_CASE("the address in StartMediaTransmission may change at any time, without a Stop") {
  Line line;
  line.register_phone();
  open_receive(line);
  ack_receive(line);
  start_media(line);
  CHECK(line.broker.streams().begin()->second.far_end == kFarEnd);
  const Endpoint other{*IpAddress::parse("10.0.0.77"), 4242};
  start_media(line, kIds, other);
  CHECK(line.broker.streams().size() == 1);
  CHECK(line.broker.streams().begin()->second.far_end == other);
}

TEST_CASE(
    "StartMediaTransmission before OpenReceiveChannelAck, or before OpenReceiveChannel, is the same stream") {
  for (const bool start_first : {true, false}) {
    Line line;
    line.register_phone();
    if (start_first) start_media(line);
    open_receive(line);
    if (!start_first) start_media(line);
    ack_receive(line);
    CHECK(line.broker.opened == 1);
    const auto ack = read_open_ack(line.last_to_server().body, AddressForm::wide);
    REQUIRE(ack);
    CHECK(ack->local == line.broker.streams().begin()->second.ports.central_facing);
    CHECK(line.broker.streams().begin()->second.stated == Endpoint{kPhone, 16384});
    close_both(line);
    CHECK(line.broker.streams().empty());
  }
}

TEST_CASE("OpenReceiveChannel twice is one stream, whose phone may latch anew") {
  Line line;
  line.register_phone();
  open_receive(line);
  ack_receive(line);
  open_receive(line);
  ack_receive(line, kIds, 16400);
  CHECK(line.broker.opened == 1);
  CHECK(line.broker.streams().begin()->second.reopened == 1);
  CHECK(line.broker.streams().begin()->second.stated == Endpoint{kPhone, 16400});
}

TEST_CASE("an Ack for a channel that is closed names the port it had, and takes nobody's place") {
  Line line;
  line.register_phone();
  open_receive(line);
  start_media(line);
  const Endpoint had = line.broker.streams().begin()->second.ports.central_facing;
  close_both(line);
  CHECK(line.broker.streams().empty());
  open_receive(line, {0x51, 0x52, 0x53});
  ack_receive(line);  // of the first
  const auto late = read_open_ack(line.last_to_server().body, AddressForm::wide);
  REQUIRE(late);
  CHECK(late->local == had);
  CHECK(!line.broker.streams().begin()->second.stated);
  line.phone(frame(id::kStartMediaAck,
                   write_start_ack({{0, 0, kIds.call}, 0, {kPhone, 16384}}, AddressForm::wide), 17));
  const auto late_start = read_start_ack(line.last_to_server().body, AddressForm::wide);
  REQUIRE(late_start);
  CHECK(late_start->local == had);
  ack_receive(line, {0x51, 0x52, 0x53});
  CHECK(line.broker.streams().begin()->second.stated);
}

TEST_CASE("an Ack for a channel that never was is passed without the phone's address") {
  Line line;
  line.register_phone();
  ack_receive(line);
  const auto stray = read_open_ack(line.last_to_server().body, AddressForm::wide);
  REQUIRE(stray);
  CHECK(stray->local == Endpoint{IpAddress::v4(0), 0});
}

TEST_CASE("an Ack that says only the call reference, or nothing, is for the channel that waits") {
  Line line;
  line.register_phone();
  open_receive(line);
  ack_receive(line, {0, 0, kIds.call});
  CHECK(line.broker.streams().begin()->second.stated);
  Line bare;
  bare.register_phone();
  open_receive(bare);
  ack_receive(bare, {});
  CHECK(bare.broker.streams().begin()->second.stated);
}

TEST_CASE("a destination that can't be one is not told to a phone") {
  const Endpoint wrong[] = {{IpAddress::v4(0), 30000},
                            {kFarEnd.address, 0},
                            {*IpAddress::parse("239.1.1.1"), 20480},
                            {*IpAddress::parse("127.0.0.1"), 5000},
                            {*IpAddress::parse("255.255.255.255"), 5000}};
  for (const Endpoint& to : wrong) {
    CAPTURE(to.to_string());
    Line line;
    line.register_phone();
    open_receive(line);
    line.to_phone.clear();
    start_media(line, kIds, to);
    CHECK(line.to_phone.empty());
    CHECK(!line.broker.streams().begin()->second.far_end);
  }
  Line loop;  // back into the stream itself
  loop.register_phone();
  open_receive(loop);
  loop.to_phone.clear();
  start_media(loop, kIds, loop.broker.streams().begin()->second.ports.central_facing);
  CHECK(loop.to_phone.empty());
}

TEST_CASE("no ports: the server is told in its own protocol, and the call goes on without audio") {
  for (const unsigned version : {11U, 17U}) {
    Line line;
    line.register_phone(version, version);
    line.broker.limit = 0;
    const auto form = form_of_version(version);
    line.server(
        frame(id::kOpenReceive, write_open_receive({kIds, 20, 4, {}}, form, version == 11 ? 92 : 128)));
    CHECK(line.to_phone.empty());
    const auto ack = read_open_ack(line.last_to_server().body, form);
    REQUIRE(ack);
    CHECK(ack->status == 8);
    CHECK(ack->ids.party == kIds.party);
    CHECK(line.told(Told::no_media));
    CHECK(line.counters.no_media == 1);
  }
}

TEST_CASE("a phone has eight channels at most") {
  Line line;
  line.register_phone();
  for (std::uint32_t i = 1; i <= 9; ++i)
    open_receive(line, {i, 100 + i, i});
  CHECK(line.broker.streams().size() == 8);
  const auto ack = read_open_ack(line.last_to_server().body, AddressForm::wide);
  REQUIRE(ack);
  CHECK(ack->status == 2);
  CHECK(ack->ids.party == 109);
}

TEST_CASE("a phone that can't receive gives the stream back") {
  Line line;
  line.register_phone();
  open_receive(line);
  line.phone(
      frame(id::kOpenReceiveAck, write_open_ack({kIds, 1, {kPhone, 16384}}, AddressForm::wide, 36), 17));
  CHECK(line.broker.streams().empty());
  const auto ack = read_open_ack(line.last_to_server().body, AddressForm::wide);
  REQUIRE(ack);
  CHECK(ack->status == 1);
  CHECK(ack->local.address == IpAddress::v4(0));
}

TEST_CASE("early media: a phone behind a router is told to send, once, and the server never hears of it") {
  for (const unsigned version : {11U, 17U, 22U}) {
    CAPTURE(version);
    Line line;
    line.register_phone(version, version);
    const auto form = form_of_version(version);
    line.server(
        frame(id::kOpenReceive, write_open_receive({kIds, 30, 18, {}}, form, version == 11 ? 92 : 128)));
    line.phone(frame(id::kOpenReceiveAck,
                     write_open_ack({kIds, 0, {kPhone, 16384}}, form, version == 11 ? 20 : 36)));
    line.to_phone.clear();
    line.to_server.clear();
    line.advance(200ms);
    CHECK(line.to_phone.empty());
    line.advance(200ms);
    REQUIRE(line.to_phone.size() == 1);
    const auto start = read_start_media(line.last_to_phone().body, form);
    REQUIRE(start);
    CHECK(start->ids == kIds);
    CHECK(start->milliseconds == 30);
    CHECK(start->codec == 18);
    CHECK(start->remote == line.broker.streams().begin()->second.ports.phone_facing);
    line.phone(frame(id::kStartMediaAck, write_start_ack({kIds, 0, {kPhone, 16384}}, form)));
    CHECK(line.to_server.empty());
    // The server's own passes, and so does its Ack.
    line.server(frame(id::kStartMedia, write_start_media({kIds, 30, 18, kFarEnd}, form,
                                                         form == AddressForm::wide ? 132 : 116)));
    line.phone(frame(id::kStartMediaAck, write_start_ack({kIds, 0, {kPhone, 16384}}, form)));
    CHECK(line.to_phone.size() == 2);
    CHECK(line.to_server.size() == 1);
    close_both(line);
    CHECK(line.to_phone.size() == 4);
    CHECK(line.broker.streams().empty());
  }
}

TEST_CASE("early media that ends early is stopped by whoever started it") {
  Line line;
  line.register_phone();
  open_receive(line);
  ack_receive(line);
  line.advance(400ms);
  line.to_phone.clear();
  line.server(frame(id::kCloseReceive, write_close(kIds, 16), 17));
  REQUIRE(line.to_phone.size() == 2);
  CHECK(line.to_phone[0].id == id::kStopMedia);
  CHECK(line.to_phone[1].id == id::kCloseReceive);
  CHECK(line.broker.streams().empty());
}

TEST_CASE("no router in between, or a key in the message: nothing is told in the server's stead") {
  Line near(kPhone);
  near.register_phone();
  open_receive(near);
  ack_receive(near);
  near.to_phone.clear();
  near.advance(5s);
  CHECK(near.to_phone.empty());

  Line keyed;
  keyed.register_phone();
  Buffer body = write_open_receive({kIds, 20, 4, {}}, AddressForm::wide, 128);
  body[28] = 1;  // AES_CM_128_HMAC_SHA1_32
  body[36] = 0x5a;
  keyed.server(frame(id::kOpenReceive, body, 17));
  CHECK(keyed.last_to_phone().body[36] == 0x5a);  // the key is the phone's and the server's
  ack_receive(keyed);
  keyed.to_phone.clear();
  keyed.advance(5s);
  CHECK(keyed.to_phone.empty());
}

TEST_CASE("media ends with the call, with Reset, with the connection, and with silence") {
  const auto talking = [] {
    auto line = std::make_unique<Line>();
    line->register_phone(17, 17, 600);
    line->server(frame(id::kCallState, Body(12).u32(0, 5).u32(4, 1).u32(8, kIds.call).take()));
    open_receive(*line);
    ack_receive(*line);
    start_media(*line);
    REQUIRE(line->broker.streams().size() == 1);
    return line;
  };
  auto call = talking();
  call->server(frame(id::kCallState, Body(12).u32(0, 2).u32(4, 1).u32(8, kIds.call).take()));
  CHECK(!call->told(Told::call_over));  // its media is still open
  call->advance(9s);
  CHECK(call->broker.streams().size() == 1);
  call->advance(2s);
  CHECK(call->broker.streams().empty());
  CHECK(call->told(Told::call_over));

  auto reset = talking();
  reset->server(frame(id::kReset, Body(4).u32(0, 2).take()));
  CHECK(reset->broker.streams().empty());
  CHECK(reset->broker.last_end == MediaEnd::closed);
  CHECK(reset->told(Told::reset));
  reset->advance(11s);
  CHECK(reset->ended == EndReason::reset);

  auto asked = talking();
  asked->to_server.clear();
  asked->session->reset_phone(asked->now, sccp::ResetType::restart, asked->out);
  asked->take();
  CHECK(asked->last_to_phone().id == id::kReset);
  CHECK(asked->last_to_phone().body == Body(4).u32(0, 2).take());
  CHECK(asked->last_to_phone().version == 17);  // as the server writes it
  CHECK(asked->to_server.empty());
  CHECK(asked->broker.streams().empty());
  asked->phone(frame(id::kUnregister));  // passes, and its answer
  CHECK(asked->last_to_server().id == id::kUnregister);
  asked->advance(11s);
  CHECK(asked->ended == EndReason::reset);

  Line unregistered;
  unregistered.session->reset_phone(unregistered.now, sccp::ResetType::reset, unregistered.out);
  unregistered.take();
  CHECK(unregistered.to_phone.empty());

  auto gone = talking();
  gone->session->on_closed(gone->now, gone->out);
  gone->take();
  CHECK(gone->broker.streams().empty());
  CHECK(gone->broker.last_end == MediaEnd::lost);
  CHECK(gone->told(Told::call_over));

  auto silent = talking();
  silent->advance(200s);
  MediaReport heard;
  heard.from_phone.last = silent->now;
  silent->broker.reports[silent->broker.streams().begin()->first] = heard;
  silent->advance(200s);
  CHECK(silent->broker.streams().size() == 1);
  silent->advance(140s);
  CHECK(silent->broker.streams().empty());
}

TEST_CASE("MediaTransmissionFailure says the server's own address back to it") {
  Line line;
  line.register_phone();
  open_receive(line);
  ack_receive(line);
  start_media(line);
  const Endpoint told = line.broker.streams().begin()->second.ports.phone_facing;
  Body body(36);
  body.u32(0, kIds.conference)
      .u32(4, kIds.party)
      .ipv4(12, told.address)
      .u32(28, told.port)
      .u32(32, kIds.call);
  line.phone(frame(0x002A, body.take(), 17));
  CHECK(ipv4_at(line.last_to_server().body, 12) == kFarEnd.address);
  CHECK(u32_at(line.last_to_server().body, 28) == kFarEnd.port);
}

TEST_CASE("PortReq and PortRes open a stream with both of its ports") {
  Line line;
  line.register_phone(19, 19);
  line.server(frame(
      0x014B, Body(24).u32(0, kIds.conference).u32(4, kIds.call).u32(8, kIds.party).u32(16, 2).take(), 19));
  CHECK(u32_at(line.last_to_phone().body, 16) == 0);
  Body body(44);
  body.u32(0, kIds.conference)
      .u32(4, kIds.call)
      .u32(8, kIds.party)
      .ipv4(16, kPhone)
      .u32(32, 18432)
      .u32(36, 18433);
  line.phone(frame(0x0045, body.take(), 19));
  const Endpoint ours = line.broker.streams().begin()->second.ports.central_facing;
  CHECK(ipv4_at(line.last_to_server().body, 16) == ours.address);
  CHECK(u32_at(line.last_to_server().body, 32) == ours.port);
  CHECK(u32_at(line.last_to_server().body, 36) == ours.port + 1U);
}

TEST_CASE("a message whose length and version disagree is read by its length, and told") {
  Line line;
  line.register_phone(11, 11);
  line.server(frame(id::kOpenReceive, write_open_receive({kIds, 20, 4, {}}, AddressForm::flat, 92)));
  line.phone(
      frame(id::kOpenReceiveAck, write_open_ack({kIds, 0, {kPhone, 16384}}, AddressForm::wide, 36), 17));
  const auto left = read_open_ack(line.last_to_server().body, AddressForm::wide);
  REQUIRE(left);
  CHECK(left->local == line.broker.streams().begin()->second.ports.central_facing);
  CHECK(line.counters.layout_conflicts == 1);
  CHECK(line.told(Told::layout_conflict));
}
