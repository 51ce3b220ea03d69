// Findings of SIP: each with what brings it, and what clears it or never does.
#include <doctest/doctest.h>

#include "tests/unit/doctor/found.hpp"

using namespace dw;
using namespace dw::test;

namespace {

SipReplay booted() {
  SipReplay r;
  r.boot(kBootA);
  return r;
}

}  // namespace

TEST_CASE("a healthy SIP phone has no finding, for days") {
  SipReplay r = healthy_sip();
  r.says(Event::registered, "1002").says(Event::reachable);
  for (int i = 0; i < 48; ++i) {
    r.says(Event::registered, "1001").says(Event::registered, "1002").wait(1h);
    r.talks(r.call(9'000, 9'000));
    CHECK(codes_of(r) == "");
  }
}

TEST_CASE("sip_answers_unheard: twice without a registration since") {
  SipReplay r = booted();
  r.says(Event::unheard, "1001", "port 5060 is tried next");
  CHECK(codes_of(r) == "");
  r.says(Event::unheard, "1002");  // each line once
  CHECK(codes_of(r) == "");
  r.says(Event::unheard, "1001", "port 50933 is tried next");
  const Finding f = finding_in(r, "sip_answers_unheard");
  CHECK(f.severity == Severity::error);
  CHECK(f.seen == "2 times it repeated its request for line 1001 although it was answered: port 50933 is tried next");
  CHECK(f.remedy.find("natEnabled") != std::string::npos);
  r.wait(1h);
  CHECK(codes_of(r) == "sip_answers_unheard");
  r.says(Event::registered);
  CHECK(codes_of(r) == "");
  r.says(Event::unheard);
  CHECK(codes_of(r) == "");
  r.says(Event::unheard);
  CHECK(codes_of(r) == "sip_answers_unheard");
}

TEST_CASE("sip_unreachable: while it is registered, until it answers or registers again") {
  SipReplay r = healthy_sip();
  r.says(Event::unreachable, "1001", "tried 192.0.2.7:5060 and 192.0.2.7:50933");
  const Finding f = finding_in(r, "sip_unreachable");
  CHECK(f.severity == Severity::error);
  CHECK(f.seen.find("tried 192.0.2.7:5060") != std::string::npos);
  r.says(Event::registered).wait(2h).says(Event::registered);  // refreshes change nothing
  r.says(Event::registered, "1002");                           // nor does another line
  CHECK(codes_of(r) == "sip_unreachable");
  r.says(Event::reachable);
  CHECK(codes_of(r) == "");
  r.says(Event::unreachable);
  CHECK(codes_of(r) == "sip_unreachable");
  r.says(Event::phone_lost).says(Event::phone_lost, "1002");
  CHECK(codes_of(r) == "");
  r.says(Event::registered);
  CHECK(codes_of(r) == "");
  r.says(Event::unreachable, "");
  CHECK(codes_of(r) == "sip_unreachable");
  r.transport = "tcp";
  r.says(Event::registered);
  CHECK(codes_of(r) == "");
}

TEST_CASE("sip_wrong_password: until the line registers") {
  SipReplay r = booted();
  r.says(Event::bad_password);
  const Finding f = finding_in(r, "sip_wrong_password");
  CHECK(f.severity == Severity::error);
  CHECK(f.seen == "pbx.example.net:5060 did not take the password of line 1001");
  r.says(Event::bad_password, "1002").says(Event::bad_password, "1003");
  CHECK(finding_in(r, "sip_wrong_password").seen.ends_with("; and so with 2 more of its lines"));
  r.says(Event::registered, "1001").says(Event::registered, "1003");
  CHECK(finding_in(r, "sip_wrong_password").seen.ends_with("line 1002"));
  r.says(Event::registered, "1002");
  CHECK(codes_of(r) == "");
}

TEST_CASE("sip_wrong_password: what is odd about the password in its config is said, until the config is another") {
  SipReplay r = booted();
  const auto doubt = [&] {
    r.inventory.on_note(DeviceName::parse(kDevice).value(), ip(r.address), r.now, Note::password_doubt,
                        "that of line 1 has 34 characters, and a phone takes 30");
  };
  doubt();
  CHECK(codes_of(r) == "");  // as long as it works
  r.says(Event::bad_password);
  CHECK(finding_in(r, "sip_wrong_password").seen ==
        "pbx.example.net:5060 did not take the password of line 1001; of the passwords in its config that of "
        "line 1 has 34 characters, and a phone takes 30");
  r.wait(40s);
  Replay& files = r;
  files.transport = "tftp";
  r.boot(kBootA);
  r.says(Event::bad_password);
  CHECK(finding_in(r, "sip_wrong_password").seen == "pbx.example.net:5060 did not take the password of line 1001");
  doubt();
  r.says(Event::registered);
  CHECK(codes_of(r) == "");
}

TEST_CASE("config_rejected: a password that breaks the config is said with it") {
  SipReplay r;
  const auto device = DeviceName::parse(kDevice).value();
  r.inventory.on_config(device, ip(r.address), r.now,
                        {.load = "SIP45.9-4-2SR3-1S", .protocol = Protocol::sip, .follow_ups = {"dialplan.xml"}});
  r.boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml"});
  r.inventory.on_note(device, ip(r.address), r.now, Note::password_doubt, "that of line 1 has & or <");
  r.wait(90s);
  CHECK(finding_in(r, "config_rejected").seen.ends_with("; of the passwords in its config that of line 1 has & or <"));
}

TEST_CASE("sip_unknown_account by 404 and 403, registration_refused by others, nothing by 423 and 503") {
  for (const auto& [status, codes] : {std::pair<std::uint16_t, std::string>(404, "sip_unknown_account"),
                                      {403, "sip_unknown_account"},
                                      {400, "registration_refused"},
                                      {486, "registration_refused"},
                                      {500, "registration_refused"},
                                      {0, "registration_refused"},
                                      {408, ""},
                                      {423, ""},
                                      {503, ""}}) {
    CAPTURE(status);
    SipReplay r = booted();
    r.says(Event::refused, "1001", "words of the server", status);
    CHECK(codes_of(r) == codes);
    if (!codes.empty()) {
      CHECK(finding_in(r, codes).severity == Severity::error);
      CHECK(finding_in(r, codes).seen.find("words of the server") != std::string::npos);
    }
    r.says(Event::registered, "1001");
    CHECK(codes_of(r) == "");
    r.says(Event::unregistered, "1001").wait(1h);
    CHECK(codes_of(r) == "");
  }
}

TEST_CASE("one line that is refused while another is registered is a finding") {
  SipReplay r = healthy_sip();
  r.says(Event::refused, "1002", "Not Found", 404);
  CHECK(r.phone().registered);
  CHECK(finding_in(r, "sip_unknown_account").seen.starts_with("line 1002 was refused"));
}

TEST_CASE("who tries accounts from an address that nobody else used is no phone to worry about") {
  SipReplay r;
  r.device.clear();
  r.user_agent = "friendly-scanner";
  for (int i = 0; i < 100; ++i)
    r.says(Event::refused, std::to_string(100 + i), "Not Found", 404);
  r.says(Event::bad_password, "1");
  CHECK_FALSE(worries(r, r.address));
  CHECK(finding_in(r, "sip_unknown_account", r.address).severity == Severity::info);
  r.says(Event::registered, "2001").says(Event::refused, "2002", "Not Found", 404);
  CHECK(worries(r, r.address));
}

TEST_CASE("no_call_server: of SIP too, until a line registers") {
  SipReplay r = booted();
  r.server.clear();
  r.says(Event::no_server, "1001", "no server answers OPTIONS");
  CHECK(finding_in(r, "no_call_server").severity == Severity::error);
  r.server = "pbx.example.net:5060";
  r.says(Event::registered);
  CHECK(codes_of(r) == "");
}

TEST_CASE("registration_lost: a line that ran out and is not back") {
  SipReplay r = healthy_sip();
  r.says(Event::registered, "1002");
  r.says(Event::phone_lost, "1001", "not refreshed").wait(3min);
  CHECK(codes_of(r) == "");
  r.wait(3min);
  CHECK(finding_in(r, "registration_lost").severity == Severity::info);
  r.says(Event::phone_lost, "1002").wait(6min);
  CHECK(finding_in(r, "registration_lost").seen.ends_with("and so with 1 more of its lines"));
  r.says(Event::registered, "1001").says(Event::registered, "1002");
  r.wait(20min);
  CHECK(codes_of(r) == "");
}

TEST_CASE("registration_flapping is of one line: six lines that end once are one power cut") {
  SipReplay r = healthy_sip();
  const auto each = [&](Event event) {
    for (int line = 1001; line <= 1006; ++line)
      r.says(event, std::to_string(line));
  };
  each(Event::registered);
  each(Event::phone_lost);
  each(Event::registered);
  CHECK(codes_of(r) == "");
  for (int i = 0; i < 3; ++i)
    r.says(Event::phone_lost, "1001").says(Event::registered, "1001");
  CHECK(finding_in(r, "registration_flapping").seen.starts_with("line 1001 registered"));
  r.wait(16min);
  CHECK(codes_of(r) == "");
}

TEST_CASE("registered_without_files: of SIP too, but not of what is no Cisco phone") {
  SipReplay r;
  r.boot({"CTLSEP<MAC>.tlv!"}).file("SEP<MAC>.cnf.xml", FileOutcome::no_ack);
  r.wait(1min);
  r.says(Event::registered);
  CHECK(finding_in(r, "registered_without_files").severity == Severity::warning);
  CHECK(r.last_sentence() ==
        "registration: registered line 1001 with pbx.example.net:5060 by UDP, without its files: it asked for "
        "SEP001122334455.cnf.xml and never acknowledged what was sent");
  SipReplay never;
  never.says(Event::registered);
  CHECK(finding_in(never, "registered_without_files").severity == Severity::info);
  SipReplay other;
  other.device = "softphone";
  other.user_agent = "Example Phone/1.0";
  other.says(Event::registered);
  CHECK(codes_of(other, other.device) == "");
}

TEST_CASE("sip_alg: for two hours after a message was seen changed, registered or not") {
  for (const bool registered : {false, true}) {
    SipReplay r = registered ? healthy_sip() : booted();
    r.says(Event::altered, "1001", "Via left as 10.0.0.2:5060 and came as 192.0.2.7:1024");
    const Finding f = finding_in(r, "sip_alg");
    CHECK(f.severity == Severity::warning);
    CHECK(f.seen.find("10.0.0.2:5060") != std::string::npos);
    CHECK(f.remedy.find("Xfinity") != std::string::npos);
    r.wait(1h + 55min);
    CHECK(codes_of(r) == "sip_alg");
    r.wait(10min);
    CHECK(codes_of(r) == "");
  }
}

TEST_CASE("sip_clock_unset: until a registration has the time, reported before or after it") {
  for (const bool before : {false, true}) {
    SipReplay r = booted();
    if (before) r.says(Event::no_date);
    r.says(Event::registered);
    if (!before) r.says(Event::no_date);
    CHECK(finding_in(r, "sip_clock_unset").severity == Severity::info);
    r.says(Event::registered, "1002").says(Event::no_date, "1002");
    r.wait(1h).says(Event::registered);
    CHECK(codes_of(r) == "sip_clock_unset");
    r.says(Event::phone_lost, "1001").says(Event::phone_lost, "1002");
    CHECK(codes_of(r) == "");
    r.wait(1min).says(Event::registered);
    CHECK(codes_of(r) == "");
  }
}

TEST_CASE("one_way_audio, no_audio: of SIP calls too") {
  SipReplay r = healthy_sip();
  r.talks(r.call(1'000, 0));
  CHECK(finding_in(r, "one_way_audio").means.find("Nothing came from the central side") != std::string::npos);
  r.talks(r.call(0, 1'000));
  CHECK(finding_in(r, "one_way_audio").means.find("Nothing came from the phone") != std::string::npos);
  r.talks(r.call(0, 0));
  CHECK(codes_of(r) == "no_audio");
  r.talks(r.call(1'000, 1'000));
  CHECK(codes_of(r) == "");
}

TEST_CASE("every finding of SIP is in the list of kinds, once") {
  for (const char* code : {"sip_answers_unheard", "sip_unreachable", "sip_wrong_password", "sip_unknown_account",
                           "sip_alg", "sip_clock_unset"}) {
    const auto kinds = finding_kinds();
    CHECK(std::ranges::count(kinds, code, &FindingKind::code) == 1);
  }
}
