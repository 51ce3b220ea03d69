// How long a call's media last: through Reset, a lost connection, silence, and a want of ports.
#include <memory>

#include "tests/sim/sccp/line.hpp"

using namespace dw;
using namespace dw::sim;

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
  CHECK(!call->reported(Reported::call_over));  // its media is still open
  call->advance(9s);
  CHECK(call->broker.streams().size() == 1);
  call->advance(2s);
  CHECK(call->broker.streams().empty());
  CHECK(call->reported(Reported::call_over));

  Line unregistered;
  unregistered.session->reset_phone(unregistered.now, sccp::ResetType::reset, unregistered.out);
  unregistered.take();
  CHECK(unregistered.to_phone.empty());

  auto gone = talking();  // nobody was heard yet
  gone->session->on_closed(gone->now, sccp::ClosedBy::server, gone->out);
  gone->take();
  CHECK(gone->broker.streams().empty());
  CHECK(gone->broker.last_end == MediaEnd::lost);
  CHECK(gone->reported(Reported::call_over));
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
      CHECK(line.reported(Reported::reset));
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
    CHECK(line.reported(Reported::reset));
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
    CHECK(!talk.line.reported(Reported::call_over));
  }
}

TEST_CASE("what is no running call is not preserved: a good-bye, a stopped program, a closed or one-way stream") {
  const auto ends = [](Talk& talk, sccp::ClosedBy by = sccp::ClosedBy::server) {
    talk.close(by);
    CHECK(talk.preserved.empty());
    CHECK(talk.line.broker.streams().empty());
    CHECK(talk.line.reported(Reported::call_over));
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

TEST_CASE("of two calls the one that talks is preserved, and the other is reported as over") {
  Talk talk;
  constexpr ChannelIds kHeld{0x44, 0x55, 0x66};
  talk.line.server(frame(id::kCallState, Body(12).u32(0, 8).u32(4, 1).u32(8, kHeld.call).take()));
  open_receive(talk.line, kHeld);
  talk.close(sccp::ClosedBy::server);
  REQUIRE(talk.preserved.size() == 1);
  CHECK(talk.preserved[0].call.reference == kIds.call);
  CHECK(talk.line.broker.streams().size() == 1);
  REQUIRE(talk.line.reported(Reported::call_over));
  CHECK(talk.line.events.back().call->reference == kHeld.call);
}

TEST_CASE("a silent call keeps its ports and is reported, and what comes again is heard") {
  Talk talk;
  talk.keep_alive(400s);
  CHECK(talk.line.broker.streams().size() == 1);
  CHECK(std::ranges::count(talk.line.events, Reported::media_silent, &sccp::SessionEvent::kind) == 1);
  talk.talk();
  talk.keep_alive(60s);
  CHECK(talk.line.reported(Reported::media_back));
  talk.keep_alive(sccp::MediaLegs::kSilentKept);
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
  talk.line.session->on_server(
      talk.line.now, frame(id::kOpenReceive, write_open_receive({{2, 102, 2}, 20, 4, {}}, AddressForm::wide, 128), 17),
      talk.line.out);
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
      line.phone(frame(id::kKeypadButton,
                       Body(12).u32(0, static_cast<std::uint32_t>(*digit - '0')).u32(4, 1).u32(8, 50).take()));
    open_receive(line, {50, 150, 50});
    const bool help = dialled[2] == '1';
    CHECK((line.last_to_phone().id == id::kOpenReceive && line.counters.no_media == 0) == help);
    CHECK(line.broker.streams().size() == 8);
    CHECK(line.session->calls(line.now).size() == 9);
  }
}
