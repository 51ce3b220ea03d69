// SIP phones: lines that come and go each by itself, whose step it is that names no device, and the story.
#include <doctest/doctest.h>

#include "sbc/phones/sip_lines.hpp"
#include "tests/unit/phones/line.hpp"

using namespace dw;
using namespace dw::test;

TEST_CASE("model and firmware from User-Agent, unless more is known") {
  SipReplay r;
  r.device.clear();
  r.user_agent = "Cisco-CP7960G/8.0";
  r.says(Event::registered);
  CHECK(r.phone(r.address).model == "7960");
  CHECK(r.phone(r.address).firmware == "8.0");
  r.user_agent = "Cisco-CP7960G/8.12";
  r.says(Event::registered);
  CHECK(r.phone(r.address).firmware == "8.12");

  SipReplay loaded;
  loaded.boot({"SIP45.9-4-2SR3-1S.loads"}).boot({"SEP<MAC>.cnf.xml"});
  loaded.user_agent = "Cisco-CP7965G/9.4.2";
  loaded.says(Event::registered);
  CHECK(loaded.phone().model == "7965");

  SipReplay reported;
  SignallingStep s = reported.signal(Event::registered, "1001");
  s.device_type = 436;
  s.user_agent = "Example Phone/1.0\r\nX";
  s.firmware = "SIP45.9-4-2SR3-1S";
  reported.inventory.on_signalling(s);
  CHECK(reported.phone().model == "7965");
  CHECK(reported.phone().firmware == "SIP45.9-4-2SR3-1S");
  CHECK(reported.phone().user_agent == "Example Phone/1.0\\x0d\\x0aX");
}

TEST_CASE("each line registers by itself, and the phone is registered while one is") {
  for (const Event event :
       {Event::unregistered, Event::phone_lost, Event::refused, Event::superseded, Event::server_lost}) {
    CAPTURE(to_string(event));
    SipReplay r = healthy_sip();
    r.server = "backup:5060";
    r.says(Event::registered, "1002");
    CHECK(r.lines() == "1001 1002");
    CHECK(r.phone().server == "backup:5060");
    r.says(event, "1003");  // never was registered
    CHECK(r.lines() == "1001 1002");
    r.says(event, "1002");
    CHECK(r.lines() == "1001");
    CHECK(r.phone().registered);
    CHECK(r.phone().server == "pbx.example.net:5060");
    r.says(event, "1001");
    CHECK(r.lines().empty());
    CHECK_FALSE(r.phone().registered);
    CHECK(r.phone().server.empty());
  }
}

TEST_CASE("what leaves a line registered") {
  SipReplay r = healthy_sip();
  for (const Event event :
       {Event::connected, Event::no_server, Event::reset, Event::keepalive_missed, Event::lines, Event::bad_password,
        Event::alarm, Event::unheard, Event::unreachable, Event::reachable, Event::altered, Event::no_date})
    r.says(event);
  for (const std::uint16_t status : std::vector<std::uint16_t>{408, 423, 500, 503, 504})
    r.says(Event::refused, "1001", "later", status);
  CHECK(r.phone().registered);
  CHECK(r.lines() == "1001");
}

TEST_CASE("the port of a SIP phone may change between registration and its end") {
  SipReplay r = healthy_sip();
  r.port = 51'000;
  r.says(Event::registered);
  r.port = 52'000;
  r.says(Event::phone_lost);
  CHECK_FALSE(r.phone().registered);
}

TEST_CASE("an address that changes takes the line along, and the end of the old binding is no end") {
  SipReplay r = healthy_sip();
  r.address = "192.0.2.8";
  r.says(Event::registered);
  r.address = "192.0.2.7";
  r.says(Event::phone_lost);
  CHECK(r.phone().registered);
  CHECK(r.phone().address == ip("192.0.2.8"));
  r.address = "192.0.2.9";  // the server took its good-bye
  r.says(Event::unregistered);
  CHECK_FALSE(r.phone().registered);
}

TEST_CASE("a refresh is no step, and what repeats is one step") {
  SipReplay r = healthy_sip();
  const std::size_t steps = r.phone().steps.size();
  const auto added = [&] { return r.phone().steps.size() - steps; };
  for (int i = 0; i < 20; ++i)
    r.says(Event::registered).wait(1min);
  CHECK(added() == 0);
  CHECK(r.phone().last_seen > r.phone().steps.back().at + 15min);
  r.says(Event::reachable);
  CHECK(added() == 0);  // it was never out of reach
  r.says(Event::unreachable).says(Event::unreachable);
  CHECK(added() == 1);
  r.says(Event::registered);
  r.says(Event::reachable).says(Event::reachable);
  CHECK(added() == 2);
  r.says(Event::no_date).says(Event::no_date);
  CHECK(added() == 3);
  r.says(Event::altered).says(Event::altered);
  CHECK(added() == 4);
  r.wait(kAlteredAgain).says(Event::altered);
  CHECK(added() == 5);
  r.transport = "tcp";
  r.says(Event::registered);
  CHECK(added() == 6);
  CHECK(r.phone().transport == "tcp");
  r.says(Event::refused, "1001", "Forbidden", 403).says(Event::registered);
  CHECK(added() == 8);
}

TEST_CASE("a phone that says no name is the one that is alone at its address") {
  SipReplay r;
  r.device.clear();
  r.user_agent = "Cisco-CP7960G/8.0";
  r.boot({"SIPDefault.cnf", "SIP<MAC>.cnf"});
  r.says(Event::registered);
  CHECK(r.phone().registered);
  CHECK(r.lines() == "1001");
  CHECK(r.inventory.size() == 1);
  // A second phone there does not part it from its line.
  r.mac = "AABBCCDDEEFF";
  r.boot({"SIP<MAC>.cnf"});
  r.says(Event::phone_lost);
  CHECK_FALSE(r.phone().registered);
  CHECK(r.inventory.size() == 2);
  // Which of the two registers now can't be known.
  r.says(Event::registered);
  CHECK(r.phone(r.address).registered);
  CHECK(r.phone(r.address).device.empty());
  CHECK(r.inventory.size() == 3);
  // Once it can, the line is no longer the address's.
  r.device = kDevice;
  r.says(Event::registered);
  CHECK(r.lines() == "1001");
  CHECK_FALSE(r.phone(r.address).registered);
}

TEST_CASE("a phone that says no name is none that was here long ago, or is known to be another one") {
  const auto registers_apart = [](const std::string& user_agent, const auto& before) {
    SipReplay r;
    before(r);
    r.device.clear();
    r.user_agent = user_agent;
    r.says(Event::registered, "2001");
    return !r.lines().starts_with("2001") && r.phone(r.address).registered;
  };
  const auto boots = [](SipReplay& r) { r.boot({"SIP<MAC>.cnf"}); };
  CHECK_FALSE(registers_apart("Cisco-CP7960G/8.0", boots));
  CHECK_FALSE(registers_apart("", boots));
  CHECK(registers_apart("Cisco-CP7975G/9.3.1", boots));
  CHECK(registers_apart("Example SIP-T46/66.85", boots));
  CHECK(registers_apart("", [&](SipReplay& r) { boots(r), r.wait(61min); }));
  CHECK(registers_apart("", [&](SipReplay& r) {
    boots(r);
    SignallingStep s = r.signal(Event::registered, "");
    s.protocol = Protocol::sccp;
    r.inventory.on_signalling(s);
  }));
}

TEST_CASE("nothing comes of a SIP step with a name that is none, or without name and address") {
  SipReplay r;
  r.device = "a name";
  r.says(Event::registered);
  SignallingStep s = r.signal(Event::registered, "1001");
  s.device.clear();
  s.peer = {};
  r.inventory.on_signalling(s);
  CHECK(r.inventory.size() == 0);
}

TEST_CASE("the story has each event of SIP in plain words") {
  SipReplay r = healthy_sip();
  const auto reported = [&](Event event, const std::string& detail = {}, std::uint16_t status = 0) {
    r.says(event, "1001", detail, status);
    return r.last_sentence();
  };
  CHECK(reported(Event::keepalive_missed) == "registration: missed a keepalive");
  CHECK(reported(Event::unreachable, "tried 192.0.2.7:5060 and 192.0.2.7:50933") ==
        "registration: is registered, and nothing that is sent to it arrives: tried 192.0.2.7:5060 and "
        "192.0.2.7:50933");
  CHECK(reported(Event::reachable) == "registration: can be reached again");
  CHECK(reported(Event::altered, "Contact left as 10.0.0.2:5060 and came as 192.0.2.7:1024") ==
        "registration: a router on the way changed a message (SIP ALG): Contact left as 10.0.0.2:5060 and came "
        "as 192.0.2.7:1024");
  CHECK(reported(Event::no_date) == "registration: pbx.example.net:5060 gave no date, so its clock stays unset");
  CHECK(reported(Event::reset, "check-sync") ==
        "registration: was asked by pbx.example.net:5060 to start over: check-sync");
  CHECK(reported(Event::alarm, "Last=reset-\x1brestart") == "registration: said why it restarted: Last=reset-?restart");
  CHECK(reported(Event::refused, "Service Unavailable", 503) ==
        "registration: line 1001 was refused by pbx.example.net:5060: 503 Service Unavailable");
  CHECK(reported(Event::refused, "404 Not Found", 404) ==
        "registration: line 1001 was refused by pbx.example.net:5060: 404 Not Found");
  CHECK(reported(Event::refused, "", 403) == "registration: line 1001 was refused by pbx.example.net:5060: 403");
  CHECK(reported(Event::bad_password) == "registration: pbx.example.net:5060 did not take the password of line 1001");
  CHECK(reported(Event::unheard, "port 5060 is tried next") ==
        "registration: repeated its request for line 1001 although it was answered: port 5060 is tried next");
  CHECK(reported(Event::unregistered) == "registration: said good-bye to pbx.example.net:5060 for line 1001");
  CHECK(reported(Event::superseded) == "registration: a newer registration of line 1001 took its place");
  CHECK(reported(Event::phone_lost, "not refreshed") ==
        "registration: its registration of line 1001 ended without good-bye: not refreshed");
  CHECK(reported(Event::server_lost) == "registration: lost pbx.example.net:5060 for line 1001");
  r.server = "backup:5060";
  r.transport = "tcp";
  CHECK(reported(Event::registered) == "registration: moved line 1001 from pbx.example.net:5060 to backup:5060 by TCP");
  r.says(Event::registered, "1002");
  CHECK(r.last_sentence() == "registration: registered line 1002 with backup:5060 by TCP");
  r.says(Event::refused, "1002", "", 404).says(Event::registered, "1002", "before from 192.0.2.9:5060");
  CHECK(r.last_sentence() == "registration: registered line 1002 with backup:5060 by TCP: before from 192.0.2.9:5060");
  r.server.clear();
  CHECK(reported(Event::no_server) == "registration: no call server answered for line 1001");
  CHECK(reported(Event::refused, "too many registrations") ==
        "registration: line 1001 was refused: too many registrations");
  r.says(Event::refused, "10\x1b", "no", 404);
  CHECK(r.last_sentence() == "registration: line 10\\x1b was refused: 404 no");
  r.says(Event::refused, "", "no", 400);
  CHECK(r.last_sentence() == "registration: was refused: 400 no");
}

TEST_CASE("the story has each SIP call, with the line it was on") {
  SipReplay r = healthy_sip();
  CHECK((r.talks(r.call(9'250, 9'250)), r.last_sentence()) ==
        "call: outgoing call to 1002, line 1001, 3 min 5 s, G.711 µ-law, lost 0 % from the phone, 0 % toward "
        "it");
  Call c = r.call(500, 500);
  c.device.clear();
  c.own_number = "2001";
  c.way = Call::Way::incoming;
  r.talks(c);  // 2001 is nobody's: the phone is alone there
  CHECK(r.last_sentence().starts_with("call: incoming call from 1002, line 2001, "));
  r.says(Event::registered, "1001");
  r.mac = "AABBCCDDEEFF";
  r.boot(kBootA);
  c.own_number = "1001";
  c.since = r.now;
  r.talks(c);
  CHECK(r.last_sentence().starts_with("call: incoming call from 1002, line 1001, "));
  c.own_number = "2001";
  c.since = r.now;
  r.talks(c);  // of one of the two
  CHECK(r.last_sentence(r.address).starts_with("call: incoming call from 1002, line 2001, "));
  c.peer = {};
  const std::size_t before = r.inventory.size();
  r.talks(c);
  CHECK(r.inventory.size() == before);
}

TEST_CASE("however many SIP lines and however long, it is bounded; nobody is registered after a restart") {
  SipReplay r;
  r.user_agent.assign(1'000, 'u');
  r.transport.assign(1'000, 't');
  r.server.assign(1'000, 's');
  for (int i = 0; i < 200; ++i)
    r.says(Event::registered, std::to_string(1'000'000 + i) + std::string(1'000, '1'));
  const Phone& phone = r.phone();
  CHECK(phone.lines.size() == Inventory::kMaxLines);
  CHECK(phone.sip_lines.size() == Inventory::kMaxLines);
  CHECK(phone.lines[0].size() < 40);
  CHECK(phone.user_agent.size() < 70);
  CHECK(phone.transport.size() < 40);
  CHECK(phone.steps.back().aor.size() < 40);
  CHECK(phone.steps.size() == 64);
  r.device.clear();
  r.address = "198.51.100.7";
  for (int i = 0; i < 600; ++i)
    r.says(Event::registered, std::to_string(i));
  CHECK(r.phone(r.address).sip_lines.size() == Inventory::kMaxLinesAtAddress);
  Inventory restored;
  restored.restore(phone);
  CHECK_FALSE(restored.find(kDevice)->registered);
  CHECK(restored.find(kDevice)->sip_lines.empty());
  CHECK(restored.find(kDevice)->transport == phone.transport);
}

TEST_CASE("a binding that is reported again after a restart registers the phone and is no step") {
  SipReplay before = healthy_sip();
  SipReplay after;
  after.now = before.now + 10s;
  after.inventory.restore(before.phone());
  after.says(Event::registered);
  CHECK(after.phone().registered);
  CHECK(after.lines() == "1001");
  CHECK(after.phone().steps.size() == before.phone().steps.size());
  after.port = 1024;
  after.says(Event::phone_lost);
  CHECK_FALSE(after.phone().registered);
}

TEST_CASE("knows: what protocol phones speak that took a file or registered") {
  SipReplay r;
  r.device.clear();
  r.says(Event::refused, "1001", "Not Found", 404);
  CHECK_FALSE(r.inventory.knows(Protocol::sip));
  r.says(Event::registered);
  CHECK(r.inventory.knows(Protocol::sip));
  CHECK_FALSE(r.inventory.knows(Protocol::sccp));
}

TEST_CASE("find_at: a device by its address while it is alone there") {
  SipReplay r = healthy_sip();
  CHECK(r.inventory.find_at(ip("192.0.2.7")) == &r.phone());
  CHECK(r.inventory.find_at(ip("192.0.2.8")) == nullptr);
  r.mac = "AABBCCDDEEFF";
  r.boot({"SEP<MAC>.cnf.xml"});
  CHECK(r.inventory.find_at(ip("192.0.2.7")) == nullptr);
}
