// What registrations and calls tell of a phone: its state, its story, and findings that come and go.
#include <doctest/doctest.h>

#include "sbc/phones/model.hpp"
#include "sbc/phones/signalling_story.hpp"
#include "tests/unit/phones/line.hpp"

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
  CHECK(r.codes() == "http_not_used");  // by TFTP, with such firmware
}

TEST_CASE("what ends the registration, and what does not") {
  for (const Event event : {Event::no_server, Event::refused, Event::unregistered, Event::superseded, Event::phone_lost,
                            Event::server_lost}) {
    Line r = healthy();
    r.port = 50'000;  // another connection with the same name
    r.address = "198.51.100.9";
    r.says(event);
    CHECK(r.phone().registered);
    CHECK(r.phone().address == ip("192.0.2.7"));
    r.port = 49'152;
    r.address = "192.0.2.7";
    r.says(event);
    CHECK_FALSE(r.phone().registered);
    CHECK(r.phone().server.empty());
  }
  for (const Event event : {Event::connected, Event::reset, Event::keepalive_missed, Event::lines,
                            Event::call_preserved, Event::media_silent}) {
    Line r = healthy();
    r.says(event);
    CHECK(r.phone().registered);
  }
}

TEST_CASE("a newer connection that registers first stays registered when the old one is closed") {
  Line r = healthy();
  r.port = 50'000;
  r.says(Event::registered);
  r.port = 49'152;
  r.says(Event::superseded);
  CHECK(r.phone().registered);
}

TEST_CASE("stations without a MAC in their name have records too; a name that is none has not") {
  Line r;
  for (const char* name : {"ATA001122334455", "VGC13c496217a01", "cipc.anna"}) {
    r.device = name;
    r.says(Event::registered);
    CHECK(r.phone(name).registered);
    CHECK(r.phone(name).device.mac().empty());
  }
  CHECK(r.inventory.find("ata001122334455") != nullptr);
  for (const char* name : {"", "192.0.2.7", "a name", "sixteen-letters-"}) {
    r.device = name;
    r.says(Event::registered);
  }
  CHECK(r.inventory.size() == 3);
}

TEST_CASE("the story tells each event in plain words") {
  Line r = healthy();
  const auto told = [&](Event event, const std::string& detail = {}) {
    r.says(event, detail);
    return r.last_sentence();
  };
  CHECK(told(Event::keepalive_missed, "the server did not answer") ==
        "registration: missed a keepalive: the server did not answer");
  CHECK(told(Event::call_preserved, "1002") ==
        "registration: its call with 1002 goes on without that connection, for as long as both sides talk");
  CHECK(told(Event::media_silent, "nothing has come from either side for 5 min 0 s") ==
        "registration: a call of it is silent: nothing has come from either side for 5 min 0 s");
  CHECK(told(Event::reset, "restart") == "registration: was asked by pbx.example.net:2000 to start over: restart");
  CHECK(told(Event::unregistered) == "registration: said good-bye to pbx.example.net:2000");
  CHECK(told(Event::phone_lost, "reset by peer") ==
        "registration: its connection ended without good-bye: reset by peer");
  CHECK(told(Event::server_lost) == "registration: pbx.example.net:2000 ended the connection");
  CHECK(told(Event::superseded) == "registration: a newer connection of the same phone took its place");
  CHECK(told(Event::refused, "Unknown\x1b device") == "registration: refused by pbx.example.net:2000: Unknown? device");
  r.server = "backup:2000";
  CHECK(told(Event::registered) == "registration: moved from pbx.example.net:2000 to backup:2000, protocol 17");
  CHECK(told(Event::registered) == "registration: registered with backup:2000, protocol 17");
  r.server = "";
  CHECK(told(Event::no_server) == "registration: no call server answered, the phone was let go to try its next one");
  CHECK(told(Event::refused, "too many registrations") == "registration: refused: too many registrations");
}

TEST_CASE("a phone is where it took its own configuration lately, to the last octet") {
  const auto took = [](const Replay& r, const char* at, const std::string& key = kDevice) {
    return took_its_config(r.phone(key), ip(at), r.now, 10min);
  };
  Replay r;
  r.none("CTLSEP<MAC>.tlv").got("XMLDefault.cnf.xml").file("SEP<MAC>.cnf.xml", FileOutcome::no_ack);
  r.file("SEP<MAC>.cnf.xml", FileOutcome::not_found);
  CHECK_FALSE(took(r, "192.0.2.7"));
  r.got("SEP<MAC>.cnf.xml");
  CHECK(took(r, "192.0.2.7"));
  CHECK_FALSE(took(r, "192.0.2.8"));
  r.address = "192.0.2.8";  // it roams, and asks again
  r.got("SEP<MAC>.cnf.xml");
  CHECK(took(r, "192.0.2.8"));
  r.address = "192.0.2.9";  // another phone's config says nothing of this one
  r.mac = "00AABBCCDDEE";
  r.got("SEP<MAC>.cnf.xml");
  CHECK_FALSE(took(r, "192.0.2.9"));
  CHECK(took(r, "192.0.2.9", "SEP00AABBCCDDEE"));
  r.wait(10min);
  CHECK_FALSE(took(r, "192.0.2.8"));
}

TEST_CASE("the story tells each call") {
  Line r = healthy();
  Call c = r.call(9'250, 9'250);
  c.streams[0].media.from_phone.lost = 10;
  CHECK((r.talks(c), r.last_sentence()) ==
        "call: outgoing call to 1002, line 1, 3 min 5 s, G.711 µ-law, lost 0.1 % from the phone, 0 % toward "
        "it");
  c = r.call(100'000, 100);
  c.way = Call::Way::incoming;
  c.far_name = "Anna\n";
  c.line = 0;
  c.streams[0].codec = "L16";
  c.streams[0].media.from_phone.lost = 1;
  c.streams[0].media.from_central.lost = 25;
  CHECK((r.talks(c), r.last_sentence()) ==
        "call: incoming call from 1002 (Anna?), 3 min 5 s, L16, lost under 0.1 % from the phone, 20.0 % "
        "toward it");
  CHECK((r.talks(r.call(500, 0)), r.last_sentence()).ends_with("had audio from the phone only"));
  CHECK((r.talks(r.call(0, 500)), r.last_sentence()).ends_with("had audio toward the phone only"));
  CHECK((r.talks(r.call(0, 0)), r.last_sentence()).ends_with("had no audio either way"));
  c = r.call(0, 0);
  c.streams[0].media.direct = true;
  CHECK((r.talks(c), r.last_sentence()).ends_with("G.711 µ-law, audio went directly between the phones"));
  c.streams.clear();
  CHECK((r.talks(c), r.last_sentence()).ends_with("line 1, 3 min 5 s, no audio"));
  const std::size_t before = r.phone().steps.size();
  c.far_number.clear();
  r.talks(c);  // the receiver was lifted and put down
  CHECK(r.phone().steps.size() == before);
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
  CHECK(r.of_site(r.now).empty());
}

TEST_CASE("calls do not push out the boot, and a boot not the calls") {
  Line r({.max_phones = 10, .max_steps = 20});
  r.boot(kBootB);
  for (int i = 0; i < 100; ++i)
    r.talks(r.call(9'000, 9'000));
  const auto count = [&](bool live) {
    return std::ranges::count_if(r.phone().steps, [&](const Step& s) { return s.is_live() == live; });
  };
  CHECK(r.phone().steps.size() == 20);
  CHECK(count(false) == static_cast<std::ptrdiff_t>(kBootB.size()));
  for (int i = 0; i < 40; ++i)
    r.boot({"Ringlist.xml"});
  CHECK(r.phone().steps.size() == 20);
  CHECK(count(true) == 10);
}

TEST_CASE("registered_without_files: its boot failed, with the reason, until a boot brings the config") {
  Line r;
  r.boot({"CTLSEP<MAC>.tlv!"}).file("SEP<MAC>.cnf.xml", FileOutcome::no_ack);
  r.wait(1min);
  r.says(Event::registered);
  CHECK(r.last_sentence() ==
        "registration: registered with pbx.example.net:2000, protocol 17, without its files: it asked for "
        "SEP001122334455.cnf.xml and never acknowledged what was sent");
  Finding f = r.finding("registered_without_files");
  CHECK(f.severity == Severity::warning);
  CHECK(f.seen.find("never acknowledged") != std::string::npos);
  r.says(Event::phone_lost).wait(1min).boot(kBootB);
  r.says(Event::registered).wait(20min);
  CHECK(r.codes() == "");
  CHECK(r.last_sentence() == "registration: registered with pbx.example.net:2000, protocol 17");
}

TEST_CASE("registered_without_files: its lists came to nothing and it never asked for its config") {
  Line r;
  r.none("CTLSEP<MAC>.tlv").none("CTLSEP<MAC>.tlv").wait(1min);
  r.says(Event::registered);
  CHECK(r.finding("registered_without_files").severity == Severity::warning);
  CHECK(r.last_sentence().find("without its files: it asked for CTLSEP001122334455.tlv") != std::string::npos);
}

TEST_CASE("registered_without_files: one that never asked may well have its files from elsewhere") {
  Line r;
  r.says(Event::registered);
  CHECK(r.finding("registered_without_files").severity == Severity::info);
  r.says(Event::phone_lost);
  CHECK(r.codes() == "");
  r.boot(kBootB);
  r.says(Event::registered);
  CHECK(r.codes() == "");
}

TEST_CASE("registration_refused, no_call_server: until a registration succeeds") {
  for (const auto& [event, code] :
       {std::pair(Event::refused, std::string("registration_refused")), {Event::no_server, "no_call_server"}}) {
    Line r;
    r.boot(kBootB);
    r.says(event, "no such device").says(Event::phone_lost);
    CHECK(r.finding(code).severity == Severity::error);
    CHECK(r.finding(code).seen.find("no such device") != std::string::npos);
    r.says(Event::registered);
    CHECK(r.codes() == "");
    r.says(Event::unregistered).wait(1h);
    CHECK(r.codes() == "");
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
  CHECK(r.codes() == "");
}

TEST_CASE("registration_lost: gone without good-bye, and not back") {
  for (const Event event : {Event::phone_lost, Event::server_lost}) {
    Line r = healthy();
    r.says(event, "timed out").wait(3min);
    CHECK(r.codes() == "");
    r.wait(3min);
    CHECK(r.finding("registration_lost").severity == Severity::info);
    r.says(Event::registered).wait(1h);
    CHECK(r.codes() == "");
    r.says(Event::unregistered).wait(1h);
    CHECK(r.codes() == "");
  }
}

TEST_CASE("call_server_closes: twice in a row before it answered") {
  Line r = healthy();
  r.says(Event::server_lost);  // the registration's own end
  CHECK(r.codes() == "");
  r.says(Event::server_lost);
  CHECK(r.codes() == "");
  r.says(Event::server_lost).says(Event::phone_lost);
  CHECK(r.finding("call_server_closes").seen.find("2 times") != std::string::npos);
  r.says(Event::registered).wait(20min);
  CHECK(r.codes() == "");
  Line refused;
  refused.boot(kBootB);
  refused.says(Event::refused).says(Event::server_lost);
  CHECK(refused.codes() == "registration_refused");
}

TEST_CASE("server_refuses_shared_address: by its words, or while others are registered there") {
  Line r;
  r.boot(kBootB);
  for (const char* words : {"Crossover session", "Session with this IP-address is already known", "Cross device"}) {
    r.says(Event::refused, words);
    CHECK(r.codes() == "server_refuses_shared_address");
    CHECK(r.finding("server_refuses_shared_address").remedy.find("central.sccp.source_addresses") != std::string::npos);
  }
  CHECK(r.of_site(r.now).empty());  // nobody is registered
  r.device = "SEPAABBCCDDEEFF";
  r.says(Event::registered);
  REQUIRE(r.of_site(r.now).size() == 1);
  CHECK(r.of_site(r.now)[0].code == "server_refuses_shared_address");
  r.device = kDevice;
  r.says(Event::registered);
  CHECK(r.codes() == "");
  CHECK(r.of_site(r.now).empty());
  r.says(Event::phone_lost).says(Event::server_lost).says(Event::server_lost).says(Event::server_lost);
  CHECK(r.of_site(r.now).size() == 1);
  CHECK(r.of_site(r.now + 1h).empty());
}

TEST_CASE("registration_flapping: four ends within a quarter of an hour, and quiet after one") {
  Line r = healthy();
  for (int i = 0; i < 3; ++i)
    r.says(Event::phone_lost).says(Event::registered).wait(1min);
  CHECK(r.codes() == "");
  r.says(Event::server_lost).says(Event::registered);
  CHECK(r.finding("registration_flapping").severity == Severity::warning);
  r.wait(16min);
  CHECK(r.codes() == "");
}

TEST_CASE("keepalive_missed is worth knowing for a quarter of an hour") {
  Line r = healthy();
  r.says(Event::keepalive_missed, "the phone did not answer");
  CHECK(r.finding("keepalive_missed").severity == Severity::info);
  r.wait(16min);
  CHECK(r.codes() == "");
}

TEST_CASE("one_way_audio, no_audio, bad_audio: the last call that tells something") {
  Line r = healthy();
  r.talks(r.call(1'000, 0));
  CHECK(r.finding("one_way_audio").means.find("Nothing came from the central side") != std::string::npos);
  Call c = r.call(0, 1'000);
  c.streams[0].media.strangers = 900;
  r.talks(c);
  CHECK(r.finding("one_way_audio").means.find("Nothing came from the phone") != std::string::npos);
  CHECK(r.finding("one_way_audio").means.find("900 packets came from addresses") != std::string::npos);
  CHECK_FALSE(r.finding("one_way_audio").remedy.empty());
  r.talks(r.call(0, 0, 2s));  // too short to tell
  CHECK(r.codes() == "one_way_audio");
  r.talks(r.call(0, 0));
  CHECK(r.codes() == "no_audio");
  c = r.call(970, 1'000);
  c.streams[0].media.from_phone.lost = 60;
  r.talks(c);
  CHECK(r.codes() == "bad_audio");
  r.talks(r.call(1'000, 1'000));
  CHECK(r.codes() == "");
  c.streams[0].media.from_phone.lost = 30;  // 3 % and no more
  r.talks(c);
  CHECK(r.codes() == "");
}

TEST_CASE(
    "audio_not_delivered: it came, and could not be sent on; a phone that was not heard is one cause, told once") {
  Line r = healthy();
  Call c = r.call(0, 900, {});  // told only to listen: music, a page
  c.streams[0].media.from_central.undelivered = 2900ms;
  r.talks(c);
  CHECK(r.codes() == "");
  c.streams[0].media.from_central.undelivered = 18s;
  r.talks(c);
  CHECK(r.codes() == "audio_not_delivered");
  CHECK(r.finding("audio_not_delivered").means.find("only its own packets show") != std::string::npos);
  CHECK(r.last_sentence().ends_with(
      "nothing arrived from the phone, lost 0 % toward it; for 18.0 s none of the audio toward it could be sent on"));
  c.streams[0].both_open = 20s;
  r.talks(c);
  CHECK(r.codes() == "one_way_audio");
  c = r.call(1'000, 1'000);
  c.streams[0].media.from_phone.undelivered = 5s;
  r.talks(c);
  CHECK(r.codes() == "audio_not_delivered");
  CHECK(r.finding("audio_not_delivered").remedy.find("far end") != std::string::npos);
  r.talks(r.call(1'000, 1'000));
  CHECK(r.codes() == "");
}

TEST_CASE("keepalives and comfort noise are no audio of a call, and nothing is told as nothing from the first second") {
  Line r = healthy();
  Call c = r.call(1'000, 12);
  c.streams[0].media.from_central.audio = 0;
  r.talks(c);
  CHECK(r.codes() == "one_way_audio");
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
  CHECK(r.codes() == "");
  c = r.call(1'000, 1'000);
  c.streams.push_back(r.call(500, 0).streams[0]);
  c.streams[1].codec = "H264";
  r.talks(c);
  CHECK(r.codes() == "");
  c.streams[1].codec = "PCMU";  // the call was held and resumed, and then one way
  r.talks(c);
  CHECK(r.codes() == "one_way_audio");
  c = r.call(20, 20);
  c.streams[0].media.from_phone.lost = 20;
  r.talks(c);
  CHECK(r.codes() == "");
}

TEST_CASE("what all calls did together is counted, and what was no call is not") {
  Line r = healthy();
  Call lossy = r.call(9000, 8900);
  lossy.streams[0].media.from_central.lost = 100;
  r.talks(lossy).talks(r.call(9000, 0));
  Call nothing = r.call(0, 0);
  nothing.way = Call::Way::unknown;
  nothing.far_number.clear();
  nothing.streams.clear();
  r.talks(nothing);
  const auto& all = r.inventory.call_totals();
  CHECK(all.calls == 2);
  CHECK(all.one_way == 1);
  CHECK(all.from_phone == 18000);
  CHECK(all.lost_from_phone == 0);
  CHECK(all.from_central == 8900);
  CHECK(all.lost_from_central == 100);
}

TEST_CASE("SCCP's numbers of models") {
  for (const auto& [number, model] :
       {std::pair(7U, "7960"), {8U, "7940"},   {115U, "7941"},   {309U, "7941"}, {308U, "7961"},
        {30018U, "7961"},      {119U, "7971"}, {30006U, "7970"}, {434U, "7942"}, {435U, "7945"},
        {436U, "7965"},        {437U, "7975"}, {404U, "7962"},   {307U, "7911"}, {369U, "7906"},
        {348U, "7931"},        {365U, "7921"}, {484U, "7925"},   {0U, ""},       {1U, ""},
        {4'000'000'000U, ""}})
    CHECK(models_of_device_type(number).to_string() == model);
  Line r;
  r.transport = "http";
  r.boot(kBootB);  // of one of four models
  SignallingStep s = r.signal(Event::connected);
  s.device_type = 404;
  r.inventory.on_signalling(s);
  CHECK(r.phone().model == "7962");
}

TEST_CASE("however many lines and however long, it is bounded") {
  Line r;
  SignallingStep s = r.signal(Event::lines);
  s.lines.assign(1'000, std::string(1'000, '1'));
  s.firmware.assign(1'000, 'f');
  s.server.assign(1'000, 's');
  s.detail.assign(1'000, 'd');
  r.inventory.on_signalling(s);
  s.event = Event::registered;
  r.inventory.on_signalling(s);
  const Phone& phone = r.phone();
  CHECK(phone.lines.size() == Inventory::kMaxLines);
  CHECK(phone.lines[0].size() < 40);
  CHECK(phone.firmware.size() < 70);
  CHECK(phone.server.size() == Step::kMaxName);
  CHECK(phone.steps.back().detail.size() == Step::kMaxDetail);
}
