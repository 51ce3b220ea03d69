// Outages in a phone's story: of call servers, and of Dropwire itself.
#include <doctest/doctest.h>

#include "sbc/phones/signalling_story.hpp"
#include "tests/unit/doctor/found.hpp"

using namespace dw;
using namespace dw::test;

TEST_CASE("an outage is one line of the story, however often the phone asks, and what ends it says how long it was") {
  Line r = registered_line();
  const std::size_t before = r.phone().steps.size();
  const WallTime began = r.now;
  for (int i = 0; i < 26; ++i) {
    r.says(Event::no_server, "Connection refused");
    r.wait(20s);
  }
  CHECK(r.phone().steps.size() == before + 1);
  CHECK(r.phone().steps.back().at == began);
  CHECK(codes_of(r).find("no_call_server") != std::string::npos);
  r.now = began + 98s + 8min;
  r.says(Event::registered);
  CHECK(r.last_sentence().ends_with(", 9 min 38 s after it found no call server"));
  CHECK(codes_of(r).find("no_call_server") == std::string::npos);
  r.says(Event::no_server, "Connection refused");  // the next outage
  CHECK(r.phone().steps.size() == before + 3);
}

TEST_CASE("a phone without a call server while the box has none: one error, the box's, which the phone names") {
  BoxCauses causes;
  Line r = registered_line();
  r.says(Event::phone_lost).says(Event::no_server, "Connection refused");
  causes.sip = "sip_server_down";  // another protocol's
  CHECK(finding_in(r, "no_call_server", kDevice, causes).severity == Severity::error);
  CHECK(finding_in(r, "no_call_server", kDevice, causes).cause == "");
  causes.sccp = "call_server_down";
  const Finding f = finding_in(r, "no_call_server", kDevice, causes);
  CHECK(f.severity == Severity::info);
  CHECK(f.cause == "call_server_down");
  CHECK(f.seen.starts_with("not registered: the telephone server does not answer; no call server answered"));
  CHECK(f.seen.ends_with(": Connection refused"));
  CHECK(f.means.find("call_server_down") != std::string::npos);
  CHECK(f.remedy.find("dropwire doctor") != std::string::npos);
  CHECK_FALSE(worries(r, kDevice, causes));
  causes = {};  // it is back, and this phone alone found none
  CHECK(finding_in(r, "no_call_server", kDevice, causes).severity == Severity::error);
  causes.sccp = "call_server_down";
  r.says(Event::registered);
  CHECK(codes_of(r, kDevice, causes) == "");  // whoever is registered lacks nothing
}

TEST_CASE("a SIP phone without a server while the box has none: the same, its lines together, registered or not") {
  BoxCauses causes;
  SipReplay r = healthy_sip();
  r.says(Event::no_server, "1001", "no answer to OPTIONS").says(Event::no_server, "1002", "no answer to OPTIONS");
  causes.sip = "sip_server_down";
  CHECK(r.phone().registered);
  Finding f = finding_in(r, "no_call_server", kDevice, causes);
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
    causes.sip = cause;
    f = finding_in(r, "no_call_server", kDevice, causes);
    CHECK(f.cause == cause);
    CHECK(f.seen.starts_with(words));
  }
}

TEST_CASE("a phone with a fault of its own keeps it as an error while the box has no server") {
  BoxCauses causes;
  SipReplay r;
  r.boot(kBootA);
  r.says(Event::bad_password, "1001").says(Event::no_server, "1002");
  causes.sip = "sip_server_down";
  CHECK(finding_in(r, "sip_wrong_password", kDevice, causes).severity == Severity::error);
  CHECK(finding_in(r, "sip_wrong_password", kDevice, causes).cause == "");
  CHECK(finding_in(r, "no_call_server", kDevice, causes).severity == Severity::info);
}
