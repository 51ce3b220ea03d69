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

TEST_CASE("StartMediaTransmission before OpenReceiveChannelAck, or before OpenReceiveChannel, is the same stream") {
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

TEST_CASE("OpenReceiveChannel twice is one stream, whose phone may latch again") {
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
  line.phone(
      frame(id::kStartMediaAck, write_start_ack({{0, 0, kIds.call}, 0, {kPhone, 16384}}, AddressForm::wide), 17));
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

TEST_CASE("an invalid destination does not reach a phone, which stops sending to the one it had") {
  for (const bool before : {false, true}) {
    CAPTURE(before);
    const auto refused = [before](const auto& where) {
      Line line;
      line.register_phone();
      open_receive(line);
      ack_receive(line);
      if (before) start_media(line);
      line.to_phone.clear();
      const auto& stream = line.broker.streams().begin()->second;
      const Endpoint to = where(stream);
      CAPTURE(to.to_string());
      start_media(line, kIds, to);
      CHECK(!stream.far_end);
      CHECK(line.reported(Reported::dropped));
      REQUIRE(line.to_phone.size() == (before ? 1 : 0));
      if (before) CHECK(line.last_to_phone().id == id::kStopMedia);
      start_media(line);
      CHECK(line.last_to_phone().id == id::kStartMedia);
      CHECK(stream.far_end == kFarEnd);
    };
    for (const char* address : {"239.1.1.1", "127.0.0.1", "255.255.255.255"})
      refused([address](const auto&) { return Endpoint{*IpAddress::parse(address), 5000}; });
    refused([](const auto& stream) { return stream.ports.central_facing; });  // back into itself
    refused([](const auto& stream) { return stream.ports.phone_facing; });
  }
}

TEST_CASE("hold by an empty address: the phone hears of it as it came, and nothing goes to the old far end") {
  struct Hold {
    Endpoint to, reported;
  };
  const Hold holds[] = {{{IpAddress::v4(0), 0}, {IpAddress::v4(0), 0}},
                        {{IpAddress::v4(0), 4000}, {IpAddress::v4(0), 4000}},
                        {{kFarEnd.address, 0}, {IpAddress::v4(0), 0}}};  // a real address stays here
  for (const auto form : {AddressForm::wide, AddressForm::flat}) {
    for (const Hold& hold : holds) {
      CAPTURE(hold.to.to_string());
      const bool wide = form == AddressForm::wide;
      const std::size_t octets = wide ? 132 : 116;
      Line line;
      line.register_phone(wide ? 17 : 11, wide ? 17 : 11);
      open_receive(line);
      ack_receive(line);
      const auto start = [&](Endpoint to) {
        line.server(frame(id::kStartMedia, write_start_media({kIds, 20, 4, to}, form, octets)));
      };
      start(kFarEnd);
      const auto& stream = line.broker.streams().begin()->second;
      CHECK(stream.far_end == kFarEnd);
      start(hold.to);
      CHECK(!stream.far_end);
      CHECK(line.last_to_phone().id == id::kStartMedia);
      CHECK(line.last_to_phone().body == write_start_media({kIds, 20, 4, hold.reported}, form, octets));
      line.server(frame(id::kCloseReceive, write_close(kIds, 16)));
      CHECK(line.broker.streams().size() == 1);  // it is still to be stopped, or to go on
      open_receive(line);
      ack_receive(line);
      start(kFarEnd);
      CHECK(stream.far_end == kFarEnd);
      close_both(line);
      CHECK(line.broker.streams().empty());
    }
  }
}

TEST_CASE("two calls with one pass-through party id have a stream each") {
  Line line;
  line.register_phone();
  constexpr ChannelIds kFirst{5, 1, 5}, kSecond{6, 1, 6};
  open_receive(line, kFirst);
  ack_receive(line, kFirst, 16384);
  start_media(line, kFirst);
  open_receive(line, kSecond);
  ack_receive(line, kSecond, 16386);
  start_media(line, kSecond, {kFarEnd.address, 31000});
  REQUIRE(line.broker.streams().size() == 2);
  const auto& first = line.broker.streams().begin()->second;
  const auto& second = std::next(line.broker.streams().begin())->second;
  CHECK(first.far_end == kFarEnd);
  CHECK(first.stated == Endpoint{kPhone, 16384});
  CHECK(second.far_end == Endpoint{kFarEnd.address, 31000});
  CHECK(second.stated == Endpoint{kPhone, 16386});
  close_both(line, kFirst);
  REQUIRE(line.broker.streams().size() == 1);
  ack_receive(line, kFirst, 16384);  // late
  CHECK(line.broker.streams().begin()->second.stated == Endpoint{kPhone, 16386});
}

TEST_CASE("no ports: the server gets a refusal in its own protocol, and the call goes on without audio") {
  for (const unsigned version : {11U, 17U}) {
    Line line;
    line.register_phone(version, version);
    line.broker.limit = 0;
    const auto form = form_of_version(version);
    line.server(frame(id::kOpenReceive, write_open_receive({kIds, 20, 4, {}}, form, version == 11 ? 92 : 128)));
    CHECK(line.to_phone.empty());
    const auto ack = read_open_ack(line.last_to_server().body, form);
    REQUIRE(ack);
    CHECK(ack->status == 8);
    CHECK(ack->ids.party == kIds.party);
    CHECK(line.reported(Reported::no_media));
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
  line.phone(frame(id::kOpenReceiveAck, write_open_ack({kIds, 1, {kPhone, 16384}}, AddressForm::wide, 36), 17));
  CHECK(line.broker.streams().empty());
  const auto ack = read_open_ack(line.last_to_server().body, AddressForm::wide);
  REQUIRE(ack);
  CHECK(ack->status == 1);
  CHECK(ack->local.address == IpAddress::v4(0));
}

TEST_CASE("early media: a phone behind a router is asked to send, once, and the server never hears of it") {
  for (const unsigned version : {11U, 17U, 22U}) {
    CAPTURE(version);
    Line line;
    line.register_phone(version, version);
    const auto form = form_of_version(version);
    line.server(frame(id::kOpenReceive, write_open_receive({kIds, 30, 18, {}}, form, version == 11 ? 92 : 128)));
    line.phone(frame(id::kOpenReceiveAck, write_open_ack({kIds, 0, {kPhone, 16384}}, form, version == 11 ? 20 : 36)));
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
    line.server(frame(id::kStartMedia,
                      write_start_media({kIds, 30, 18, kFarEnd}, form, form == AddressForm::wide ? 132 : 116)));
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

TEST_CASE("no router in between, or a key in the message: nothing is sent in the server's stead") {
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

TEST_CASE("MediaTransmissionFailure says the server's own address back to it") {
  Line line;
  line.register_phone();
  open_receive(line);
  ack_receive(line);
  start_media(line);
  const Endpoint reported = line.broker.streams().begin()->second.ports.phone_facing;
  Body body(36);
  body.u32(0, kIds.conference).u32(4, kIds.party).ipv4(12, reported.address).u32(28, reported.port).u32(32, kIds.call);
  line.phone(frame(0x002A, body.take(), 17));
  CHECK(ipv4_at(line.last_to_server().body, 12) == kFarEnd.address);
  CHECK(u32_at(line.last_to_server().body, 28) == kFarEnd.port);
}

TEST_CASE("PortReq and PortRes open a stream with both of its ports") {
  Line line;
  line.register_phone(19, 19);
  line.server(
      frame(0x014B, Body(24).u32(0, kIds.conference).u32(4, kIds.call).u32(8, kIds.party).u32(16, 2).take(), 19));
  CHECK(u32_at(line.last_to_phone().body, 16) == 0);
  Body body(44);
  body.u32(0, kIds.conference).u32(4, kIds.call).u32(8, kIds.party).ipv4(16, kPhone).u32(32, 18432).u32(36, 18439);
  line.phone(frame(0x0045, body.take(), 19));
  CHECK(line.broker.streams().begin()->second.stated_rtcp == Endpoint{kPhone, 18439});
  const Endpoint ours = line.broker.streams().begin()->second.ports.central_facing;
  CHECK(ipv4_at(line.last_to_server().body, 16) == ours.address);
  CHECK(u32_at(line.last_to_server().body, 32) == ours.port);
  CHECK(u32_at(line.last_to_server().body, 36) == ours.port + 1U);
  line.server(frame(0x014C, Body(16).u32(0, kIds.conference).u32(4, kIds.call).u32(8, kIds.party).take(), 19));
  CHECK(line.last_to_phone().id == 0x014C);
  CHECK(line.broker.streams().empty());
}

TEST_CASE("PortRes names the port that a router gave RTCP, an Ack where the router has the stream now") {
  Line line;
  line.register_phone(19, 19);
  line.server(
      frame(0x014B, Body(24).u32(0, kIds.conference).u32(4, kIds.call).u32(8, kIds.party).u32(16, 2).take(), 19));
  const Endpoint outside = *Endpoint::parse("198.51.100.7:40000");
  line.broker.set_central(line.broker.streams().begin()->first, outside, Endpoint{outside.address, 50001});
  Body body(44);
  body.u32(0, kIds.conference).u32(4, kIds.call).u32(8, kIds.party).ipv4(16, kPhone).u32(32, 18432).u32(36, 18439);
  line.phone(frame(0x0045, body.take(), 19));
  CHECK(ipv4_at(line.last_to_server().body, 16) == outside.address);
  CHECK(u32_at(line.last_to_server().body, 32) == 40000);
  CHECK(u32_at(line.last_to_server().body, 36) == 50001);

  Line other;
  other.register_phone(11, 11);
  other.server(frame(id::kOpenReceive, write_open_receive({kIds, 20, 4, {}}, AddressForm::flat, 92)));
  other.broker.set_central(other.broker.streams().begin()->first, outside);
  other.phone(frame(id::kOpenReceiveAck, write_open_ack({kIds, 0, {kPhone, 16384}}, AddressForm::flat, 20)));
  const auto ack = read_open_ack(other.last_to_server().body, AddressForm::flat);
  REQUIRE(ack);
  CHECK(ack->local == outside);
}

TEST_CASE("a message whose length and version disagree is read by its length, and reported") {
  Line line;
  line.register_phone(11, 11);
  line.server(frame(id::kOpenReceive, write_open_receive({kIds, 20, 4, {}}, AddressForm::flat, 92)));
  line.phone(frame(id::kOpenReceiveAck, write_open_ack({kIds, 0, {kPhone, 16384}}, AddressForm::wide, 36), 17));
  const auto left = read_open_ack(line.last_to_server().body, AddressForm::wide);
  REQUIRE(left);
  CHECK(left->local == line.broker.streams().begin()->second.ports.central_facing);
  CHECK(line.counters.layout_conflicts == 1);
  CHECK(line.reported(Reported::layout_conflict));
}
