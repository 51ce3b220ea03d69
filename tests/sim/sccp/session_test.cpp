// One session, message by message: what passes, what is changed, what is refused, and what time does.
#include <random>

#include "tests/sim/sccp/line.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

/// Ids that a session reads; all others must pass untouched in both directions.
bool session_reads(std::uint32_t message) {
  constexpr std::uint32_t kRead[] = {0x0000, 0x0001, 0x0020, 0x0022, 0x0027, 0x0029, 0x002A, 0x002E, 0x002F, 0x0031,
                                     0x0041, 0x0042, 0x0045, 0x0046, 0x0047, 0x0081, 0x008A, 0x008B, 0x0092, 0x0095,
                                     0x0096, 0x009D, 0x009E, 0x009F, 0x0100, 0x0101, 0x0102, 0x0105, 0x0106, 0x0118,
                                     0x011A, 0x011B, 0x011E, 0x0131, 0x0132, 0x0133, 0x0136, 0x013F, 0x0147, 0x014B,
                                     0x014C, 0x014D, 0x014E, 0x014F, 0x0150, 0x0151, 0x0154, 0x0155, 0x0157, 0x015A};
  return std::ranges::binary_search(kRead, message);
}

}  // namespace

TEST_CASE("every id that needs no reading passes unchanged, at every header version, in both directions") {
  std::mt19937 random(7);
  for (const std::uint32_t neg : {3U, 11U, 17U, 22U}) {
    Line line;
    line.register_phone(neg, neg);
    for (std::uint32_t message = 0; message <= 0x016F; ++message) {
      if (session_reads(message)) continue;
      for (std::uint32_t version = 0; version <= 22; ++version) {
        if (version == 1 || version == 2) continue;
        Buffer body(random() % 500);
        for (auto& octet : body)
          octet = static_cast<std::uint8_t>(random());
        const SccpFrame sent{version, message, body};
        CAPTURE(to_string(sent));
        const bool only_early = message == id::kIpPort;
        line.phone(to_octets(sent));
        REQUIRE(!line.to_server.empty());
        REQUIRE(line.last_to_server() == sent);
        if (only_early) continue;  // only a phone says it
        line.server(to_octets(sent));
        REQUIRE(!line.to_phone.empty());
        REQUIRE(line.last_to_phone() == sent);
      }
      line.to_phone.clear();
      line.to_server.clear();
    }
    CHECK(!line.ended);
  }
}

TEST_CASE("no message that is read changes its length or breaks anything, whatever is in it") {
  std::mt19937 random(11);
  for (int round = 0; round < 40; ++round) {
    Line line;
    line.register_phone(22, 22);
    open_receive(line);
    ack_receive(line);
    start_media(line);
    for (std::uint32_t message = 0; message <= 0x016F && !line.ended; ++message) {
      if (!session_reads(message) || message == 0x0001 || message == 0x0029) continue;
      Buffer body(random() % 400);
      for (auto& octet : body)
        octet = static_cast<std::uint8_t>(random() % 3 == 0 ? random() : 0);
      const std::size_t before = line.to_server.size();
      line.phone(frame(message, body));
      if (line.to_server.size() > before) CHECK(line.last_to_server().body.size() == body.size());
      line.server(frame(message, body));
    }
    line.session->on_closed(line.now, sccp::ClosedBy::phone, line.out);
    CHECK(line.broker.streams().empty());
  }
}

TEST_CASE("RegisterReq leaves with our address, no IPv6, and nothing behind the name") {
  Line line;
  Body body(190);
  body.text(0, 16, "SEP001122334455").ipv4(24, kPhone).u8(40, 20).u32(72, 0x12345678).text(92, 32, "SCCP42.9-4-2");
  Buffer octets = body.take();
  line.phone(frame(id::kRegister, octets));
  const SccpFrame& left = line.last_to_server();
  CHECK(ipv4_at(left.body, 24) == kCentralSide);
  CHECK(u32_at(left.body, 72) == 0);
  CHECK(u8_at(left.body, 40) == 20);
  CHECK(line.session->registration().stated() == kPhone);
  CHECK(line.session->registration().firmware() == "SCCP42.9-4-2");

  Line other;
  octets[4] = 0;  // "SEP0", then rubbish
  other.options.any_device_name = true;
  other.phone(frame(id::kRegister, octets));
  CHECK(other.session->device() == "SEP0");
  CHECK(std::ranges::all_of(Bytes(other.last_to_server().body).subspan(4, 12), [](auto o) { return o == 0; }));
}

TEST_CASE("a lower protocol version can be offered in the phone's stead") {
  sccp::SessionOptions options;
  options.max_version = 11;
  Line line(kPublic, options);
  Body body(128);
  body.text(0, 16, "SEP001122334455").u8(40, 22);
  line.phone(frame(id::kRegister, body.take()));
  CHECK(u8_at(line.last_to_server().body, 40) == 11);
}

TEST_CASE("the agreed version, by each server's way of saying it") {
  struct Row {
    std::uint32_t offered, answered;
    unsigned agreed;
  };
  for (const Row row : {Row{20, 17, 17}, Row{11, 22, 11}, Row{17, 0x30, 17}, Row{17, 0, 11}, Row{5, 0, 5},
                        Row{33, 22, 22}, Row{0, 11, 11}}) {
    CAPTURE(row.offered);
    CAPTURE(row.answered);
    Line line;
    line.register_phone(row.offered, row.answered);
    CHECK(line.session->registration().version() == row.agreed);
  }
  Line old;  // CallManager 2: twelve octets, no version
  Body body(60);
  body.text(0, 16, "SEP001122334455").u8(40, 17);
  old.phone(frame(id::kRegister, body.take()));
  old.server(frame(id::kRegisterAck, Body(12).u32(0, 30).take()));
  CHECK(old.session->registration().version() == 11);
  CHECK(old.session->registered());
}

TEST_CASE("before registration only what a phone says then is taken") {
  for (std::uint32_t message : {0x0003U, 0x0005U, 0x0006U, 0x0022U, 0x0026U, 0x0030U, 0x0048U, 0x0154U, 0x1234U}) {
    Line line;
    line.phone(frame(message, Buffer(40)));
    CHECK(line.ended == EndReason::not_allowed);
    CHECK(!line.connects);
  }
  Line early;
  early.phone(frame(0x0157, Buffer(100)));
  early.phone(frame(0x015E, Buffer(4)));
  CHECK(!early.ended);
  CHECK(!early.connects);
  Line large;
  large.phone(frame(id::kEnhancedAlarm, Buffer(2700)));
  CHECK(large.ended == EndReason::not_allowed);
}

TEST_CASE("names that no phone has are refused in the protocol, and never reach a server") {
  const char* wrong[] = {"",    "SEP00112233445", "SEP00112233445G", "$(reboot)",      "SEP0011223344%n", "../../x",
                         "x y", "SEP'OR 1=1",     "ATA1234",         "VGC13c49621xx01"};
  for (const char* name : wrong) {
    CAPTURE(name);
    Line line;
    line.phone(frame(id::kRegister, Body(68).text(0, 16, name).take()));
    CHECK(line.ended == EndReason::bad_name);
    CHECK(!line.connects);
    CHECK(line.last_to_phone().id == id::kRegisterReject);
  }
  Line endless;
  Buffer body(68, 'A');
  endless.phone(frame(id::kRegister, body));
  CHECK(endless.ended == EndReason::bad_name);
  for (const char* name :
       {"SEP001122334455", "ATA0011AABBccdd", "SPA001122334455", "VGC13c497621701", "AN0011223344556"}) {
    Line line;
    CAPTURE(name);
    line.phone(frame(id::kRegister, Body(68).text(0, 16, name).take()));
    CHECK(!line.ended);
    CHECK(line.session->device() == name);
  }
}

TEST_CASE("one connection is one phone's") {
  Line line;
  line.register_phone();
  line.phone(frame(id::kRegister, Body(68).text(0, 16, "SEP001122334499").take()));
  CHECK(line.ended == EndReason::bad_name);
}

TEST_CASE("what comes before the server is there waits, in order, and not without end") {
  Line line;
  line.admits = false;
  line.phone(frame(id::kAlarm, Buffer(92)));
  CHECK(!line.connects);  // an alarm alone is nobody's
  line.phone(frame(id::kRegister, Body(68).text(0, 16, "SEP001122334455").take()));
  line.phone(frame(id::kIpPort, Buffer(4)));
  CHECK(line.connects);
  REQUIRE(line.to_server.size() == 1);  // the alarm; RegisterReq waits to be admitted
  line.session->on_admitted(line.now, line.out);
  line.take();
  REQUIRE(line.to_server.size() == 3);
  CHECK(line.to_server[1].id == id::kRegister);
  CHECK(line.to_server[2].id == id::kIpPort);

  Line flood;
  flood.admits = false;
  flood.phone(frame(id::kRegister, Body(68).text(0, 16, "SEP001122334455").take()));
  for (int i = 0; i < 100 && !flood.ended; ++i)
    flood.phone(frame(id::kAlarm, Buffer(92)));
  CHECK(flood.ended == EndReason::overflow);
}

TEST_CASE("keepalives of a connection that is only held ready are answered here") {
  Line line;
  for (int i = 0; i < 10; ++i) {
    line.phone(frame(id::kKeepAlive));
    CHECK(line.last_to_phone().id == id::kKeepAliveAck);
    line.advance(30s);
  }
  CHECK(!line.connects);
  CHECK(!line.ended);
  line.advance(61s);
  CHECK(line.ended == EndReason::too_slow);
}

TEST_CASE("a token that the server knows nothing of is given after three seconds") {
  Line line;
  line.phone(frame(id::kTokenReq, Body(52).text(0, 16, "SEP001122334455").ipv4(24, kPhone).u32(32, 7).take()));
  CHECK(ipv4_at(line.last_to_server().body, 24) == kCentralSide);
  CHECK(u32_at(line.last_to_server().body, 32) == 0);
  line.advance(2900ms);
  CHECK(line.to_phone.empty());
  line.advance(200ms);
  REQUIRE(line.to_phone.size() == 1);
  CHECK(line.last_to_phone().id == id::kTokenAck);
  line.server(frame(id::kTokenReject, Buffer(4)));  // too late to be heard
  CHECK(line.to_phone.size() == 1);

  Line answered;
  answered.phone(frame(id::kTokenReq, Body(52).text(0, 16, "SEP001122334455").take()));
  answered.server(frame(id::kTokenReject, Buffer(4)));
  CHECK(answered.last_to_phone().id == id::kTokenReject);
  answered.advance(5s);
  CHECK(answered.to_phone.size() == 1);
}

TEST_CASE("a dead server, and a dead phone, are noticed after three keepalives") {
  Line line;
  line.register_phone(17, 17, 20);
  for (int i = 0; i < 3; ++i) {
    line.phone(frame(id::kKeepAlive));
    CHECK(!line.ended);
    CHECK(line.reported(Reported::keepalive_missed) == (i > 0));
    line.advance(20s);
  }
  CHECK(line.ended == EndReason::server_silent);
  CHECK(std::ranges::count(line.events, Reported::keepalive_missed, &sccp::SessionEvent::kind) == 1);

  Line silent;
  silent.register_phone(17, 17, 20);
  silent.advance(64s);
  CHECK(!silent.ended);
  CHECK(silent.reported(Reported::keepalive_missed));
  silent.advance(2s);
  CHECK(silent.ended == EndReason::phone_silent);

  Line well;
  well.register_phone(17, 17, 20);
  for (int i = 0; i < 20; ++i) {
    well.phone(frame(id::kKeepAlive));
    well.server(frame(id::kKeepAliveAck));
    well.advance(20s);
  }
  CHECK(!well.ended);
  CHECK(!well.reported(Reported::keepalive_missed));

  Line late;  // each third answer comes
  late.register_phone(17, 17, 20);
  for (int i = 0; i < 30; ++i) {
    late.phone(frame(id::kKeepAlive));
    if (i % 3 == 2) late.server(frame(id::kKeepAliveAck));
    late.advance(20s);
  }
  CHECK(!late.ended);
}

TEST_CASE("nobody is hung up on for a missing keepalive while audio comes from their side") {
  for (const bool server_dead : {true, false}) {
    CAPTURE(server_dead);
    Line line;
    line.register_phone(17, 17, 20);
    open_receive(line);
    ack_receive(line);
    start_media(line);
    MediaReport& report = line.broker.reports[line.broker.streams().begin()->first];
    for (int second = 0; second < 300; ++second) {
      report.from_phone.heard = report.from_central.heard = line.now;
      if (second % 20 == 0 && server_dead) line.phone(frame(id::kKeepAlive));
      line.advance(1s);
    }
    CHECK(!line.ended);
    CHECK(line.reported(Reported::keepalive_missed));
    for (int second = 0; second < 40 && !line.ended; ++second) {
      if (second % 20 == 0 && server_dead) line.phone(frame(id::kKeepAlive));
      line.advance(1s);
    }
    CHECK(line.ended == (server_dead ? EndReason::server_silent : EndReason::phone_silent));
  }
}

TEST_CASE("a phone is asked whether it lives by an answer to a keepalive, which phones take at any time") {
  Line line;
  line.register_phone();
  line.session->ask_phone(line.out);
  line.take();
  REQUIRE(line.to_phone.size() == 1);
  CHECK(line.last_to_phone().id == id::kKeepAliveAck);
  CHECK(line.last_to_phone().body.empty());
  CHECK(line.to_server.empty());
}

TEST_CASE("a server that does not answer a registration is given up") {
  Line line;
  line.phone(frame(id::kRegister, Body(68).text(0, 16, "SEP001122334455").take()));
  line.advance(14s);
  CHECK(!line.ended);
  line.advance(2s);
  CHECK(line.ended == EndReason::server_silent);
}

TEST_CASE("half a message is waited for ten seconds, in either direction") {
  for (const bool from_phone : {true, false}) {
    Line line;
    line.register_phone();
    const Buffer half{8, 0, 0, 0, 0, 0};
    if (from_phone)
      line.phone(half);
    else
      line.server(half);
    line.advance(9s);
    CHECK(!line.ended);
    line.advance(2s);
    CHECK(line.ended == EndReason::bad_frame);
  }
  Line quiet;
  quiet.advance(11s);
  CHECK(quiet.ended == EndReason::too_slow);
}

TEST_CASE("what is not SCCP ends at once") {
  for (const std::string text :
       {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "\x16\x03\x01\x02zzzzzzzzzzzz"}) {
    Line line;
    line.phone(to_buffer(text));
    CHECK(line.ended == EndReason::bad_frame);
    CHECK(line.counters.malformed == 1);
    CHECK(line.to_phone.empty());
  }
}

TEST_CASE("what only the other side may say is dropped, and opens nothing") {
  Line line;
  line.register_phone();
  line.phone(frame(id::kOpenReceive, write_open_receive({kIds, 20, 4, {}}, AddressForm::wide, 128), 17));
  line.phone(frame(id::kStartMedia, write_start_media({kIds, 20, 4, kFarEnd}, AddressForm::wide, 132), 17));
  line.phone(frame(id::kRegisterAck, Buffer(20)));
  line.phone(frame(id::kReset, Body(4).u32(0, 1).take()));
  CHECK(line.to_server.empty());
  line.server(frame(id::kOpenReceiveAck, write_open_ack({kIds, 0, kFarEnd}, AddressForm::wide, 36), 17));
  line.server(frame(id::kRegister, Body(68).text(0, 16, "SEP001122334455").take()));
  CHECK(line.to_phone.empty());
  CHECK(line.broker.opened == 0);
  CHECK(line.counters.dropped == 6);
  CHECK(!line.ended);
}

TEST_CASE("ServerRes names us and nobody else, as long as it was") {
  for (const std::size_t size : {280U, 360U}) {
    Line line;
    line.register_phone();
    Buffer body(size, 0xAA);
    line.server(frame(id::kServerRes, body, 17));
    const Buffer& left = line.last_to_phone().body;
    CHECK(left.size() == size);
    CHECK(text_at(left, 0, 48) == kPhoneSide.to_string());
    CHECK(u32_at(left, 240) == 2000);
    CHECK(ipv4_at(left, size == 280 ? 260 : 264) == kPhoneSide);
    CHECK(text_at(left, 48, 48).empty());
    CHECK(u32_at(left, 244) == 0);
    CHECK(std::ranges::none_of(left, [](auto o) { return o == 0xAA; }));
  }
}

TEST_CASE("addresses in texts pass, or become zeroes, and no length changes") {
  const std::string xml =
      "<x><DeviceIPv4Address>192.168.1.50/24</DeviceIPv4Address><g>fe80::1:2</g><v>SCCP42.9-4-2</v></x>";
  for (const bool blank : {false, true}) {
    sccp::SessionOptions options;
    options.blank_text = blank;
    Line line(kPublic, options);
    line.register_phone(22, 22);
    line.phone(frame(id::kEnhancedAlarm, to_buffer(xml), 22));
    const std::string left(as_text(line.last_to_server().body));
    CHECK(left.size() == xml.size());
    CHECK((left == xml) == !blank);
    if (blank) {
      CHECK(left.find("<DeviceIPv4Address>000.000.0.00/24<") != std::string::npos);
      CHECK(left.find("<g>0000::0:0<") != std::string::npos);
      CHECK(left.find("SCCP42.9-4-2") != std::string::npos);
    }
    Body alarm(92);
    alarm.text(4, 80, "Name=SEP001122334455 Last=10.1.2.3").ipv4(88, kPhone);
    line.phone(frame(id::kAlarm, alarm.take()));
    CHECK(ipv4_at(line.last_to_server().body, 88) == kCentralSide);
    CHECK((text_at(line.last_to_server().body, 4, 80).find("10.1.2.3") != std::string::npos) == !blank);
    REQUIRE(line.reported(Reported::alarm));  // with the phone's own words
    CHECK(line.events.back().text == "Name=SEP001122334455 Last=10.1.2.3");
  }
}

TEST_CASE("alarms that would make a server hang up are dropped") {
  Line line;
  line.register_phone();
  line.phone(frame(id::kEnhancedAlarm, Buffer(2040, 'x')));
  CHECK(line.to_server.empty());
  CHECK(!line.ended);
}

TEST_CASE("what would start media past the relay is not passed on") {
  Line line;
  line.register_phone();
  Buffer body(20);
  const Buffer text =
      to_buffer("<CiscoIPPhoneExecute><ExecuteItem URL=\"rtpTX:10.0.0.9:5000\"/></CiscoIPPhoneExecute>");
  body.insert(body.end(), text.begin(), text.end());
  line.server(frame(0x011E, body));
  line.server(frame(0x0101, Buffer(48)));
  line.server(frame(0x0102, Buffer(56)));
  line.server(frame(0x0095, Buffer(24)));
  line.server(frame(0x014D, Buffer(150)));
  CHECK(line.to_phone.empty());
  CHECK(line.counters.dropped == 5);
}

TEST_CASE("a call is reported with its numbers, its line and what its stream did") {
  Line line;
  line.register_phone(11, 11);
  line.server(frame(id::kCallState, Body(12).u32(0, 4).u32(4, 2).u32(8, 7).take()));
  Body info(372);
  info.text(0, 40, "Alice")
      .text(40, 24, "1001")
      .text(64, 40, "Bob")
      .text(104, 24, "1002")
      .u32(128, 2)
      .u32(132, 7)
      .u32(136, 1);
  line.server(frame(id::kCallInfo, info.take()));
  line.server(frame(id::kCallState, Body(12).u32(0, 5).u32(4, 2).u32(8, 7).take()));
  REQUIRE(line.reported(Reported::call_up));
  line.server(frame(id::kOpenReceive, write_open_receive({{1, 2, 7}, 20, 4, {}}, AddressForm::flat, 92)));
  const auto running = line.session->calls(line.now);
  REQUIRE(running.size() == 1);
  CHECK(running[0].far_number == "1001");
  CHECK(running[0].far_name == "Alice");
  CHECK(running[0].way == Call::Way::incoming);
  CHECK(running[0].line == 2);
  REQUIRE(running[0].streams.size() == 1);
  CHECK(running[0].streams[0].codec == "PCMU");
  line.server(frame(id::kCloseReceive, write_close({1, 2, 7}, 16)));
  line.server(frame(id::kCallState, Body(12).u32(0, 2).u32(4, 2).u32(8, 7).take()));
  REQUIRE(line.reported(Reported::call_over));
  CHECK(line.session->calls(line.now).empty());
  CHECK(line.events.back().call->streams.size() == 1);
}

TEST_CASE("a phone's lines are learnt from the server's messages") {
  Line line;
  line.register_phone();
  line.server(frame(id::kLineStat, Body(108).u32(0, 1).text(4, 24, "1001").take()));
  line.server(frame(id::kDynamicLineStat, Body(8).u32(0, 2).add_text("1002").add_text("Two").pad().take()));
  REQUIRE(line.session->registration().lines().size() == 2);
  CHECK(line.session->registration().lines().at(1) == "1001");
  CHECK(line.session->registration().lines().at(2) == "1002");
}

TEST_CASE("UnregisterReq is a good-bye, unless the server says no") {
  Line line;
  line.register_phone();
  line.phone(frame(id::kUnregister, Buffer(4)));
  CHECK(line.session->unregistered());
  line.server(frame(id::kUnregisterAck, Body(4).u32(0, 2).take()));
  CHECK(!line.session->unregistered());
  line.phone(frame(id::kUnregister, Buffer(4)));
  line.server(frame(id::kUnregisterAck, Body(4).take()));
  CHECK(line.session->unregistered());
  CHECK(line.reported(Reported::unregistered));
}
