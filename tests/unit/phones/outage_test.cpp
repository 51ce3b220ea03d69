// What a phone's story tells of outages: of call servers, and of Dropwire itself.
#include <doctest/doctest.h>

#include "sbc/phones/signalling_story.hpp"
#include "tests/unit/phones/line.hpp"

using namespace dw;
using namespace dw::test;

TEST_CASE(
    "an outage is one line of the story, however often the phone asks, and its length is told with what ends it") {
  Line r = registered_line();
  const std::size_t before = r.phone().steps.size();
  const WallTime began = r.now;
  for (int i = 0; i < 26; ++i) {
    r.says(Event::no_server, "Connection refused");
    r.wait(20s);
  }
  CHECK(r.phone().steps.size() == before + 1);
  CHECK(r.phone().steps.back().at == began);
  CHECK(r.codes().find("no_call_server") != std::string::npos);
  r.now = began + 98s + 8min;
  r.says(Event::registered);
  CHECK(r.last_sentence().ends_with(", 9 min 38 s after it found no call server"));
  CHECK(r.codes().find("no_call_server") == std::string::npos);
  r.says(Event::no_server, "Connection refused");  // the next outage
  CHECK(r.phone().steps.size() == before + 3);
}

TEST_CASE("a phone that was away for long begins another line; a server that answered ends the outage") {
  Line r = registered_line();
  const std::size_t before = r.phone().steps.size();
  r.says(Event::no_server);
  r.wait(16min);
  r.says(Event::no_server);
  CHECK(r.phone().steps.size() == before + 2);
  r.says(Event::refused);
  r.says(Event::no_server);
  CHECK(r.phone().steps.size() == before + 4);
}

TEST_CASE("Dropwire's own absences stand in the story where they were, as far as it goes") {
  Line r = registered_line();
  const WallTime stopped = r.now;
  r.wait(12s);
  r.says(Event::registered);
  const std::size_t without = story(r.phone()).size();
  CHECK(story(r.phone(), {{stopped - 100h, stopped - 99h, true}}).size() == without);  // before it was known
  const auto lines = story(r.phone(), {{stopped, stopped + 12s, true}});
  REQUIRE(lines.size() == without + 1);
  CHECK(lines[without - 1].step == "note");
  CHECK(lines[without - 1].detail == "Dropwire was stopped, and started again after 12.0 s");
  CHECK(lines.back().detail.starts_with("registered"));
  const auto killed = story(r.phone(), {{stopped, stopped + 70s, false}});
  CHECK(killed.back().detail == "Dropwire ended without notice, and started again after 1 min 10 s at the most");
}

TEST_CASE("a phone without a call server while the box has none: one error, the box's, which the phone names") {
  Line r = registered_line();
  r.says(Event::phone_lost).says(Event::no_server, "Connection refused");
  r.causes.sip = "sip_server_down";  // another protocol's
  CHECK(r.finding("no_call_server").severity == Severity::error);
  CHECK(r.finding("no_call_server").cause == "");
  r.causes.sccp = "call_server_down";
  const Finding f = r.finding("no_call_server");
  CHECK(f.severity == Severity::info);
  CHECK(f.cause == "call_server_down");
  CHECK(f.seen.starts_with("not registered: the telephone server does not answer; no call server answered"));
  CHECK(f.seen.ends_with(": Connection refused"));
  CHECK(f.means.find("call_server_down") != std::string::npos);
  CHECK(f.remedy.find("dropwire doctor") != std::string::npos);
  CHECK_FALSE(r.worries());
  r.causes = {};  // it is back, and this phone alone found none
  CHECK(r.finding("no_call_server").severity == Severity::error);
  r.causes.sccp = "call_server_down";
  r.says(Event::registered);
  CHECK(r.codes() == "");  // whoever is registered lacks nothing
}

TEST_CASE("a SIP phone without a server while the box has none: the same, its lines together, registered or not") {
  SipReplay r = healthy_sip();
  r.says(Event::no_server, "1001", "no answer to OPTIONS").says(Event::no_server, "1002", "no answer to OPTIONS");
  r.causes.sip = "sip_server_down";
  CHECK(r.phone().registered);
  Finding f = r.finding("no_call_server");
  CHECK(f.severity == Severity::info);
  CHECK(f.cause == "sip_server_down");
  CHECK(
      f.seen ==
      "the telephone server does not answer; no call server answered for line 1001: no answer to OPTIONS; and so with 1 "
      "more of its lines");
  r.says(Event::phone_lost).says(Event::no_server);
  for (const auto& [cause, words] :
       {std::pair("sip_off", "not registered: this box does not speak SIP; "),
        {"no_sip_servers", "not registered: this box knows no telephone server for it; "},
        {"not_configured", "not registered: this box knows no telephone server for it; "},
        {"central_unreachable", "not registered: the telephone server does not answer; "}}) {
    r.causes.sip = cause;
    f = r.finding("no_call_server");
    CHECK(f.cause == cause);
    CHECK(f.seen.starts_with(words));
  }
}

TEST_CASE("a phone with a fault of its own keeps it as an error while the box has no server") {
  SipReplay r;
  r.boot(kBootA);
  r.says(Event::bad_password, "1001").says(Event::no_server, "1002");
  r.causes.sip = "sip_server_down";
  CHECK(r.finding("sip_wrong_password").severity == Severity::error);
  CHECK(r.finding("sip_wrong_password").cause == "");
  CHECK(r.finding("no_call_server").severity == Severity::info);
}
