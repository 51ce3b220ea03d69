// What registrations and calls show of a phone: its state, its story, and findings that come and go.
#include <doctest/doctest.h>

#include "sbc/phones/model.hpp"
#include "sbc/phones/signalling_story.hpp"
#include "tests/unit/doctor/found.hpp"

using namespace dw;
using namespace dw::test;

namespace {

Line healthy() {
  return registered_line();
}

}  // namespace

TEST_CASE("a phone that registers shows where, from what it says of itself") {
  Line r;
  r.boot(kBootB);
  SignallingStep s = r.signal(Event::registered);
  s.device_type = 436;
  s.firmware = "SCCP45.9-4-2SR4-3S\n";
  s.lines = {"9"};  // of no meaning in this event
  r.inventory.on_signalling(s);
  s = r.signal(Event::lines);
  s.lines = {"1001", "10\x1b[31m"};
  r.inventory.on_signalling(s);
  const Phone& phone = r.phone();
  CHECK(phone.registered);
  CHECK(phone.server == r.server);
  CHECK(phone.version == 17);
  CHECK(phone.model == "7965");
  CHECK(phone.firmware == "SCCP45.9-4-2SR4-3S\\x0a");
  CHECK(phone.lines == std::vector<std::string>{"1001", "10\\x1b[31m"});
  CHECK(phone.last_seen == s.at);
  CHECK(r.last_sentence() == "registration: registered with pbx.example.net:2000, protocol 17");
  CHECK(codes_of(r) == "http_not_used");  // by TFTP, with such firmware
}

TEST_CASE("a phone that only ever registers has a story without a boot, and counts as no boot of the site") {
  Line r;
  for (int i = 0; i < 20; ++i) {
    r.device = "SEP" + std::to_string(100'000'000'000 + i);
    r.inventory.on_signalling(r.signal(Event::registered));
  }
  const auto lines = story(r.phone(r.device));
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].step == "registration");
  CHECK(of_site(r, r.now).empty());
}

TEST_CASE("registered_without_files: its boot failed, with the reason, until a boot brings the config") {
  Line r;
  r.boot({"CTLSEP<MAC>.tlv!"}).file("SEP<MAC>.cnf.xml", FileOutcome::no_ack);
  r.wait(1min);
  r.says(Event::registered);
  CHECK(r.last_sentence() ==
        "registration: registered with pbx.example.net:2000, protocol 17, without its files: it asked for "
        "SEP001122334455.cnf.xml and never acknowledged what was sent");
  Finding f = finding_in(r, "registered_without_files");
  CHECK(f.severity == Severity::warning);
  CHECK(f.seen.find("never acknowledged") != std::string::npos);
  r.says(Event::phone_lost).wait(1min).boot(kBootB);
  r.says(Event::registered).wait(20min);
  CHECK(codes_of(r) == "");
  CHECK(r.last_sentence() == "registration: registered with pbx.example.net:2000, protocol 17");
}

TEST_CASE("registered_without_files: its lists came to nothing and it never asked for its config") {
  Line r;
  r.none("CTLSEP<MAC>.tlv").none("CTLSEP<MAC>.tlv").wait(1min);
  r.says(Event::registered);
  CHECK(finding_in(r, "registered_without_files").severity == Severity::warning);
  CHECK(r.last_sentence().find("without its files: it asked for CTLSEP001122334455.tlv") != std::string::npos);
}

TEST_CASE("registered_without_files: one that never asked may well have its files from elsewhere") {
  Line r;
  r.says(Event::registered);
  CHECK(finding_in(r, "registered_without_files").severity == Severity::info);
  r.says(Event::phone_lost);
  CHECK(codes_of(r) == "");
  r.boot(kBootB);
  r.says(Event::registered);
  CHECK(codes_of(r) == "");
}

TEST_CASE("registration_refused, no_call_server: until a registration succeeds") {
  for (const auto& [event, code] :
       {std::pair(Event::refused, std::string("registration_refused")), {Event::no_server, "no_call_server"}}) {
    Line r;
    r.boot(kBootB);
    r.says(event, "no such device").says(Event::phone_lost);
    CHECK(finding_in(r, code).severity == Severity::error);
    CHECK(finding_in(r, code).seen.find("no such device") != std::string::npos);
    r.says(Event::registered);
    CHECK(codes_of(r) == "");
    r.says(Event::unregistered).wait(1h);
    CHECK(codes_of(r) == "");
  }
}

TEST_CASE("a stranger who says a phone's name leaves one line in its story and no finding") {
  Line r = healthy();
  const std::size_t steps = r.inventory.find(r.device)->steps.size();
  SignallingStep stranger = r.signal(Event::refused, "a phone of that name is registered from 192.0.2.7");
  stranger.peer = {ip("198.51.100.66"), 40000};
  for (int i = 0; i < 100; ++i)
    r.inventory.on_signalling(stranger);
  CHECK(r.inventory.find(r.device)->registered);
  CHECK(r.inventory.find(r.device)->steps.size() == steps + 1);
  CHECK(codes_of(r) == "");
}

TEST_CASE("registration_lost: gone without good-bye, and not back") {
  for (const Event event : {Event::phone_lost, Event::server_lost}) {
    Line r = healthy();
    r.says(event, "timed out").wait(3min);
    CHECK(codes_of(r) == "");
    r.wait(3min);
    CHECK(finding_in(r, "registration_lost").severity == Severity::info);
    r.says(Event::registered).wait(1h);
    CHECK(codes_of(r) == "");
    r.says(Event::unregistered).wait(1h);
    CHECK(codes_of(r) == "");
  }
}

TEST_CASE("call_server_closes: twice in a row before it answered") {
  Line r = healthy();
  r.says(Event::server_lost);  // the registration's own end
  CHECK(codes_of(r) == "");
  r.says(Event::server_lost);
  CHECK(codes_of(r) == "");
  r.says(Event::server_lost).says(Event::phone_lost);
  CHECK(finding_in(r, "call_server_closes").seen.find("2 times") != std::string::npos);
  r.says(Event::registered).wait(20min);
  CHECK(codes_of(r) == "");
  Line refused;
  refused.boot(kBootB);
  refused.says(Event::refused).says(Event::server_lost);
  CHECK(codes_of(refused) == "registration_refused");
}

TEST_CASE("server_refuses_shared_address: by its words, or while others are registered there") {
  Line r;
  r.boot(kBootB);
  for (const char* words : {"Crossover session", "Session with this IP-address is already known", "Cross device"}) {
    r.says(Event::refused, words);
    CHECK(codes_of(r) == "server_refuses_shared_address");
    CHECK(finding_in(r, "server_refuses_shared_address").remedy.find("central.sccp.source_addresses") !=
          std::string::npos);
  }
  CHECK(of_site(r, r.now).empty());  // nobody is registered
  r.device = "SEPAABBCCDDEEFF";
  r.says(Event::registered);
  REQUIRE(of_site(r, r.now).size() == 1);
  CHECK(of_site(r, r.now)[0].code == "server_refuses_shared_address");
  r.device = kDevice;
  r.says(Event::registered);
  CHECK(codes_of(r) == "");
  CHECK(of_site(r, r.now).empty());
  r.says(Event::phone_lost).says(Event::server_lost).says(Event::server_lost).says(Event::server_lost);
  CHECK(of_site(r, r.now).size() == 1);
  CHECK(of_site(r, r.now + 1h).empty());
}

TEST_CASE("registration_flapping: four ends within a quarter of an hour, and quiet after one") {
  Line r = healthy();
  for (int i = 0; i < 3; ++i)
    r.says(Event::phone_lost).says(Event::registered).wait(1min);
  CHECK(codes_of(r) == "");
  r.says(Event::server_lost).says(Event::registered);
  CHECK(finding_in(r, "registration_flapping").severity == Severity::warning);
  r.wait(16min);
  CHECK(codes_of(r) == "");
}

TEST_CASE("keepalive_missed is worth knowing for a quarter of an hour") {
  Line r = healthy();
  r.says(Event::keepalive_missed, "the phone did not answer");
  CHECK(finding_in(r, "keepalive_missed").severity == Severity::info);
  r.wait(16min);
  CHECK(codes_of(r) == "");
}

TEST_CASE("one_way_audio, no_audio, bad_audio: the last call that is evidence") {
  Line r = healthy();
  r.talks(r.call(1'000, 0));
  CHECK(finding_in(r, "one_way_audio").means.find("Nothing came from the central side") != std::string::npos);
  Call c = r.call(0, 1'000);
  c.streams[0].media.strangers = 900;
  r.talks(c);
  CHECK(finding_in(r, "one_way_audio").means.find("Nothing came from the phone") != std::string::npos);
  CHECK(finding_in(r, "one_way_audio").means.find("900 packets came from addresses") != std::string::npos);
  CHECK_FALSE(finding_in(r, "one_way_audio").remedy.empty());
  r.talks(r.call(0, 0, 2s));  // too short to be evidence
  CHECK(codes_of(r) == "one_way_audio");
  r.talks(r.call(0, 0));
  CHECK(codes_of(r) == "no_audio");
  c = r.call(970, 1'000);
  c.streams[0].media.from_phone.lost = 60;
  r.talks(c);
  CHECK(codes_of(r) == "bad_audio");
  r.talks(r.call(1'000, 1'000));
  CHECK(codes_of(r) == "");
  c.streams[0].media.from_phone.lost = 30;  // 3 % and no more
  r.talks(c);
  CHECK(codes_of(r) == "");
}

TEST_CASE(
    "audio_not_delivered: it came, and could not be sent on; a phone that was not heard is one cause, reported once") {
  Line r = healthy();
  Call c = r.call(0, 900, {});  // it only listens: music, a page
  c.streams[0].media.from_central.undelivered = 2900ms;
  r.talks(c);
  CHECK(codes_of(r) == "");
  c.streams[0].media.from_central.undelivered = 18s;
  r.talks(c);
  CHECK(codes_of(r) == "audio_not_delivered");
  CHECK(finding_in(r, "audio_not_delivered").means.find("only its own packets show") != std::string::npos);
  CHECK(r.last_sentence().ends_with(
      "nothing arrived from the phone, lost 0 % toward it; for 18.0 s none of the audio toward it could be sent on"));
  c.streams[0].both_open = 20s;
  r.talks(c);
  CHECK(codes_of(r) == "one_way_audio");
  c = r.call(1'000, 1'000);
  c.streams[0].media.from_phone.undelivered = 5s;
  r.talks(c);
  CHECK(codes_of(r) == "audio_not_delivered");
  CHECK(finding_in(r, "audio_not_delivered").remedy.find("far end") != std::string::npos);
  r.talks(r.call(1'000, 1'000));
  CHECK(codes_of(r) == "");
}

TEST_CASE("keepalives and comfort noise are no audio of a call, and silence is reported from the first second") {
  Line r = healthy();
  Call c = r.call(1'000, 12);
  c.streams[0].media.from_central.audio = 0;
  r.talks(c);
  CHECK(codes_of(r) == "one_way_audio");
  CHECK((r.talks(r.call(0, 0, 1s)), r.last_sentence()).ends_with("nothing arrived from either side"));
  CHECK(
      (r.talks(r.call(60, 0, 1s)), r.last_sentence()).ends_with("lost 0 % from the phone, nothing arrived toward it"));
  CHECK(
      (r.talks(r.call(0, 60, 1s)), r.last_sentence()).ends_with("nothing arrived from the phone, lost 0 % toward it"));
}

TEST_CASE("what is no one-way audio: directly between phones, a picture, few packets lost") {
  Line r = healthy();
  Call c = r.call(0, 0);
  c.streams[0].media.direct = true;
  r.talks(c);
  CHECK(codes_of(r) == "");
  c = r.call(1'000, 1'000);
  c.streams.push_back(r.call(500, 0).streams[0]);
  c.streams[1].codec = "H264";
  r.talks(c);
  CHECK(codes_of(r) == "");
  c.streams[1].codec = "PCMU";  // the call was held and resumed, and then one way
  r.talks(c);
  CHECK(codes_of(r) == "one_way_audio");
  c = r.call(20, 20);
  c.streams[0].media.from_phone.lost = 20;
  r.talks(c);
  CHECK(codes_of(r) == "");
}
