// What registrations and calls show of a phone: its state, its story, and findings that come and go.
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

TEST_CASE("the story has each event in plain words") {
  Line r = healthy();
  const auto reported = [&](Event event, const std::string& detail = {}) {
    r.says(event, detail);
    return r.last_sentence();
  };
  CHECK(reported(Event::keepalive_missed, "the server did not answer") ==
        "registration: missed a keepalive: the server did not answer");
  CHECK(reported(Event::call_preserved, "1002") ==
        "registration: its call with 1002 goes on without that connection, for as long as both sides talk");
  CHECK(reported(Event::media_silent, "nothing has come from either side for 5 min 0 s") ==
        "registration: a call of it is silent: nothing has come from either side for 5 min 0 s");
  CHECK(reported(Event::reset, "restart") == "registration: was asked by pbx.example.net:2000 to start over: restart");
  CHECK(reported(Event::unregistered) == "registration: said good-bye to pbx.example.net:2000");
  CHECK(reported(Event::phone_lost, "reset by peer") ==
        "registration: its connection ended without good-bye: reset by peer");
  CHECK(reported(Event::server_lost) == "registration: pbx.example.net:2000 ended the connection");
  CHECK(reported(Event::superseded) == "registration: a newer connection of the same phone took its place");
  CHECK(reported(Event::refused, "Unknown\x1b device") ==
        "registration: refused by pbx.example.net:2000: Unknown? device");
  r.server = "backup:2000";
  CHECK(reported(Event::registered) == "registration: moved from pbx.example.net:2000 to backup:2000, protocol 17");
  CHECK(reported(Event::registered) == "registration: registered with backup:2000, protocol 17");
  r.server = "";
  CHECK(reported(Event::no_server) ==
        "registration: no call server answered, the phone was let go to try its next one");
  CHECK(reported(Event::refused, "too many registrations") == "registration: refused: too many registrations");
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

TEST_CASE("the story has each call") {
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
  const auto& all = r.inventory.ended_calls().totals();
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
