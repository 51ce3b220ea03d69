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

TEST_CASE("a destination that can't be one is not told to a phone, which stops sending to the one it had") {
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
      CHECK(line.told(Told::dropped));
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
    Endpoint to, told;
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
      CHECK(line.last_to_phone().body == write_start_media({kIds, 20, 4, hold.told}, form, octets));
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

TEST_CASE("media ends with the call, and with the connection") {
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

  Line unregistered;
  unregistered.session->reset_phone(unregistered.now, sccp::ResetType::reset, unregistered.out);
  unregistered.take();
  CHECK(unregistered.to_phone.empty());

  auto gone = talking();  // nobody was heard yet
  gone->session->on_closed(gone->now, sccp::ClosedBy::server, gone->out);
  gone->take();
  CHECK(gone->broker.streams().empty());
  CHECK(gone->broker.last_end == MediaEnd::lost);
  CHECK(gone->told(Told::call_over));
}

TEST_CASE("a phone that is in a call puts Reset off, and is hung up on only once it has none") {
  for (const bool by_person : {false, true}) {
    CAPTURE(by_person);
    Line line;
    line.register_phone(17, 17, 600);
    line.server(frame(id::kCallState, Body(12).u32(0, 5).u32(4, 1).u32(8, kIds.call).take(), 17));
    open_receive(line);
    ack_receive(line);
    start_media(line);
    line.to_server.clear();
    if (by_person) {
      line.session->reset_phone(line.now, sccp::ResetType::restart, line.out);
      line.take();
      CHECK(line.last_to_phone().version == 17);  // as the server writes it
    } else {
      line.server(frame(id::kReset, Body(4).u32(0, 2).take()));
      CHECK(line.told(Told::reset));
    }
    CHECK(line.last_to_phone().id == id::kReset);
    CHECK(line.last_to_phone().body == Body(4).u32(0, 2).take());
    CHECK(line.to_server.empty());
    line.advance(200s);
    CHECK(!line.ended);
    CHECK(line.broker.streams().size() == 1);
    close_both(line);  // held: it still has a call
    line.advance(200s);
    CHECK(!line.ended);
    line.server(frame(id::kCallState, Body(12).u32(0, 2).u32(4, 1).u32(8, kIds.call).take()));
    line.advance(9s);
    CHECK(!line.ended);
    line.phone(frame(id::kUnregister));  // passes, and its answer
    CHECK(line.last_to_server().id == id::kUnregister);
    line.advance(2s);
    CHECK(line.ended == EndReason::reset);
  }
}

TEST_CASE("a phone without a call is hung up on ten seconds after Reset, and one with a forgotten call some day") {
  Line idle;
  idle.register_phone(17, 17, 600);
  idle.server(frame(id::kReset, Body(4).u32(0, 1).take()));
  idle.advance(11s);
  CHECK(idle.ended == EndReason::reset);

  Line held;
  held.register_phone(17, 17, 600);
  held.server(frame(id::kCallState, Body(12).u32(0, 8).u32(4, 1).u32(8, kIds.call).take()));
  held.server(frame(id::kReset, Body(4).u32(0, 2).take()));
  for (int i = 0; i < 23 && !held.ended; ++i) {
    held.phone(frame(id::kKeepAlive));
    held.server(frame(id::kKeepAliveAck));
    held.advance(600s);
  }
  CHECK(!held.ended);
  held.phone(frame(id::kKeepAlive));
  held.server(frame(id::kKeepAliveAck));
  held.advance(600s);
  CHECK(held.ended == EndReason::reset);

  Line unregistered;
  unregistered.session->reset_phone(unregistered.now, sccp::ResetType::reset, unregistered.out);
  unregistered.take();
  CHECK(unregistered.to_phone.empty());
}

TEST_CASE("apply config ends nothing, in a call or out of one") {
  for (const bool in_call : {false, true}) {
    CAPTURE(in_call);
    Line line;
    line.register_phone(17, 17, 600);
    if (in_call) {
      open_receive(line);
      ack_receive(line);
      start_media(line);
    }
    line.server(frame(id::kReset, Body(4).u32(0, 3).take()));
    CHECK(line.last_to_phone().id == id::kReset);
    CHECK(line.told(Told::reset));
    line.advance(250s);
    CHECK(!line.ended);
    CHECK(line.broker.streams().size() == (in_call ? 1 : 0));
  }
}

namespace {

/// A call whose people talk, until the test says otherwise.
struct Talk {
  Line line;
  MediaId id{};

  Talk() {
    line.register_phone(17, 17, 600);
    line.server(frame(id::kCallState, Body(12).u32(0, 5).u32(4, 1).u32(8, kIds.call).take()));
    open_receive(line);
    ack_receive(line);
    start_media(line);
    id = line.broker.streams().begin()->first;
    talk();
  }
  void talk() {
    line.broker.reports[id].from_phone.heard = line.now;
    line.broker.reports[id].from_central.heard = line.now;
  }
  void close(sccp::ClosedBy by) {
    line.session->on_closed(line.now, by, line.out);
    preserved = std::move(line.out.preserved);
    line.take();
  }
  void keep_alive(Duration d) {
    for (const TimePoint end = line.now + d; line.now < end && !line.ended;) {
      line.phone(frame(id::kKeepAlive));
      line.server(frame(id::kKeepAliveAck));
      line.advance(30s);
    }
  }
  std::vector<sccp::LostCall> preserved;
};

}  // namespace

TEST_CASE("a call whose people talk is preserved, whoever lost the connection") {
  for (const auto by : {sccp::ClosedBy::phone, sccp::ClosedBy::server, sccp::ClosedBy::us}) {
    Talk talk;
    talk.line.advance(10s);
    talk.close(by);
    REQUIRE(talk.preserved.size() == 1);
    CHECK(talk.preserved[0].call.reference == kIds.call);
    CHECK(talk.preserved[0].call.preserved);
    REQUIRE(talk.preserved[0].live.size() == 1);
    CHECK(talk.preserved[0].live[0].ports.id == talk.id);
    CHECK(talk.line.broker.streams().size() == 1);
    CHECK(!talk.line.told(Told::call_over));
  }
}

TEST_CASE("what is no running call is not preserved: a good-bye, a stopped program, a closed or one-way stream") {
  const auto ends = [](Talk& talk, sccp::ClosedBy by = sccp::ClosedBy::server) {
    talk.close(by);
    CHECK(talk.preserved.empty());
    CHECK(talk.line.broker.streams().empty());
    CHECK(talk.line.told(Told::call_over));
  };
  Talk shutdown;
  ends(shutdown, sccp::ClosedBy::shutdown);
  Talk leaves;
  leaves.line.phone(frame(id::kUnregister));
  ends(leaves, sccp::ClosedBy::phone);
  Talk reset;
  reset.line.server(frame(id::kReset, Body(4).u32(0, 1).take()));
  ends(reset, sccp::ClosedBy::phone);
  Talk over;
  over.line.server(frame(id::kCallState, Body(12).u32(0, 2).u32(4, 1).u32(8, kIds.call).take()));
  ends(over);
  Talk one_way;
  one_way.line.broker.reports[one_way.id].from_phone.heard.reset();
  ends(one_way);
  Talk held;
  start_media(held.line, kIds, {IpAddress::v4(0), 0});
  ends(held);
  Talk direct;
  direct.line.broker.reports[direct.id].direct = true;
  ends(direct);
}

TEST_CASE("a phone whose server said Reset and went keeps its call") {
  Talk talk;
  talk.line.server(frame(id::kReset, Body(4).u32(0, 2).take()));
  talk.close(sccp::ClosedBy::server);
  CHECK(talk.preserved.size() == 1);
}

TEST_CASE("of two calls the one that talks is preserved, and the other is told as over") {
  Talk talk;
  constexpr ChannelIds kHeld{0x44, 0x55, 0x66};
  talk.line.server(frame(id::kCallState, Body(12).u32(0, 8).u32(4, 1).u32(8, kHeld.call).take()));
  open_receive(talk.line, kHeld);
  talk.close(sccp::ClosedBy::server);
  REQUIRE(talk.preserved.size() == 1);
  CHECK(talk.preserved[0].call.reference == kIds.call);
  CHECK(talk.line.broker.streams().size() == 1);
  REQUIRE(talk.line.told(Told::call_over));
  CHECK(talk.line.events.back().call->reference == kHeld.call);
}

TEST_CASE("a silent call keeps its ports, people are told, and what comes again is heard") {
  Talk talk;
  talk.keep_alive(400s);
  CHECK(talk.line.broker.streams().size() == 1);
  CHECK(std::ranges::count(talk.line.events, Told::media_silent, &sccp::SessionEvent::kind) == 1);
  talk.talk();
  talk.keep_alive(60s);
  CHECK(talk.line.told(Told::media_back));
  talk.keep_alive(sccp::Session::kSilentKept);
  CHECK(talk.line.broker.streams().empty());  // some day a server that never closes has to be stopped
  CHECK(talk.line.events.back().text.ends_with("given up"));
}

TEST_CASE("a silent call's channel is the first to go when another is needed") {
  Talk talk;
  talk.keep_alive(330s);
  for (std::uint32_t i = 1; i <= 8; ++i)
    open_receive(talk.line, {i, 100 + i, i});
  CHECK(talk.line.last_to_phone().id == id::kOpenReceive);
  CHECK(talk.line.counters.no_media == 0);
  CHECK(talk.line.broker.streams().size() == 8);
  CHECK(!talk.line.broker.streams().contains(talk.id));
}

TEST_CASE("no ports are left: the shell hears of it, and silent calls give theirs up") {
  Talk talk;
  open_receive(talk.line, {1, 101, 1});
  talk.line.broker.limit = talk.line.broker.streams().size();
  talk.line.session->on_server(talk.line.now, frame(id::kOpenReceive, write_open_receive({{2, 102, 2}, 20, 4, {}}, AddressForm::wide, 128), 17), talk.line.out);
  CHECK(talk.line.out.no_ports);
  talk.line.take();
  talk.line.session->give_up_silent(talk.line.now, talk.line.out);
  CHECK(talk.line.out.events.empty());  // nobody is silent
  talk.keep_alive(330s);
  talk.line.session->give_up_silent(talk.line.now, talk.line.out);
  talk.line.take();
  CHECK(talk.line.broker.streams().empty());
  CHECK(talk.line.events.back().text.ends_with("given up"));
}

TEST_CASE("a call for help finds room where another would not") {
  for (const char* dialled : {"911", "912"}) {
    CAPTURE(dialled);
    sccp::SessionOptions options;
    options.emergency = {"911"};
    Line line(kPublic, options);
    line.register_phone();
    for (std::uint32_t i = 1; i <= 8; ++i)
      open_receive(line, {i, 100 + i, i});
    line.server(frame(id::kCallState, Body(12).u32(0, 1).u32(4, 1).u32(8, 50).take()));
    for (const char* digit = dialled; *digit != 0; ++digit)
      line.phone(frame(id::kKeypadButton, Body(12).u32(0, static_cast<std::uint32_t>(*digit - '0')).u32(4, 1).u32(8, 50).take()));
    open_receive(line, {50, 150, 50});
    const bool help = dialled[2] == '1';
    CHECK((line.last_to_phone().id == id::kOpenReceive && line.counters.no_media == 0) == help);
    CHECK(line.broker.streams().size() == 8);
    CHECK(line.session->calls(line.now).size() == 9);
  }
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
      .u32(36, 18439);
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
