// What a phone says of itself when it comes up, and what that proves (cisco-provisioning §2.3, §7).
#include "sbc/phones/alarm.hpp"

#include <doctest/doctest.h>

#include "tests/unit/doctor/found.hpp"

using namespace dw;
using namespace dw::test;

namespace {

bool has(const Replay& r, std::string_view code) {
  const auto all = found_in(r);
  return std::ranges::find(all, code, &Finding::code) != all.end();
}
std::string alarm(int number) {
  return std::to_string(number) + ": Name=SEP001122334455 Load=SCCP45.9-4-2SR3-1S Last=something";
}

}  // namespace

TEST_CASE("what the phone complains of is found, until it starts without") {
  const std::vector<std::pair<int, std::string_view>> expected = {
      {1, "phone_reports_load"},        {4, "phone_reports_load"},       {6, "phone_reports_load"},
      {7, "phone_reports_tftp"},        {9, "phone_reports_tftp"},       {31, "phone_reports_signature"},
      {17, "phone_reports_connection"}, {14, "phone_reports_connection"}};
  for (const auto& [number, code] : expected) {
    CAPTURE(number);
    Line r;
    r.boot(kBootB);
    r.says(Event::alarm, alarm(number));
    CHECK_MESSAGE(has(r, code), codes_of(r));
    r.says(Event::connected).says(Event::registered);
    CHECK(r.phone().registered);
    CHECK(has(r, code));
    CHECK(r.phone().running == "SCCP45.9-4-2SR3-1S");
    r.says(Event::alarm, alarm(25));
    CHECK_MESSAGE(!has(r, code), codes_of(r));
  }
}

TEST_CASE("34: a start without trouble ends it, and is no step of a story that has no complaint") {
  Line r;
  r.boot(kBootB);
  r.says(Event::alarm, alarm(25)).says(Event::registered);
  const std::size_t steps = r.phone().steps.size();
  r.says(Event::alarm, alarm(20)).says(Event::alarm, alarm(22));
  CHECK(r.phone().steps.size() == steps);
  r.says(Event::alarm, alarm(31));
  CHECK(r.phone().steps.size() == steps + 1);
  CHECK(r.last_sentence() == "registration: said why it restarted: " + alarm(31));
  CHECK(r.phone().registered);  // it says so after it came up, and that ends nothing
  r.says(Event::alarm, alarm(25));
  CHECK(r.phone().steps.size() == steps + 2);
  CHECK(codes_of(r).find("phone_reports") == std::string::npos);
}

TEST_CASE("an alarm does not hide how the phone stands") {
  Line r = registered_line();
  r.says(Event::phone_lost).says(Event::alarm, alarm(17));
  r.wait(10min);
  CHECK(has(r, "registration_lost"));
  Line never;
  never.says(Event::refused, "unknown").says(Event::alarm, alarm(17));
  CHECK(has(never, "registration_refused"));
}

TEST_CASE("SIP loads say the same in a Reason field") {
  SipReplay r = healthy_sip();
  r.says(Event::alarm, "1001", "cisco-alarm:8 Name=SEP001122334455 Load=SIP75.9-3-1S Last=x");
  CHECK(has(r, "phone_reports_tftp"));
  CHECK(r.phone().running == "SIP75.9-3-1S");
  r.says(Event::alarm, "1001", "cisco-alarm:25 Name=SEP001122334455 Load=SIP75.9-3-1S Last=initialized");
  CHECK_FALSE(has(r, "phone_reports_tftp"));
}

TEST_CASE("12: a manifest taken, nothing of it asked, and it runs something else") {
  Line r;
  r.boot({"SEP<MAC>.cnf.xml", "SCCP45.9-4-2SR4-3S.loads"});
  SignallingStep s = r.signal(Event::registered);
  s.firmware = "SCCP45.8-5-4S";
  r.inventory.on_signalling(s);
  CHECK(has(r, "load_not_taken"));
  SUBCASE("it takes it after all") {
    r.got(kParts45[0]);
    CHECK_FALSE(has(r, "load_not_taken"));
  }
  SUBCASE("12: it runs that load already") {
    s.firmware = "SCCP45.9-4-2SR4-3S";
    r.inventory.on_signalling(s);
    CHECK_FALSE(has(r, "load_not_taken"));
  }
  SUBCASE("it names a version, which can't be compared") {
    s.firmware = "8.12(2.0)";
    r.inventory.on_signalling(s);
    CHECK_FALSE(has(r, "load_not_taken"));
  }
}

TEST_CASE("12: what it ran before it took the manifest is no evidence") {
  Line r;
  SignallingStep s = r.signal(Event::registered);
  s.firmware = "SCCP45.8-5-4S";
  r.inventory.on_signalling(s);
  r.wait(1s);
  r.boot({"SEP<MAC>.cnf.xml", "SCCP45.9-4-2SR4-3S.loads"}).wait(90s);
  CHECK_FALSE(has(r, "load_not_taken"));
}

TEST_CASE("21: ring lists that are not there") {
  Replay r;
  r.boot({"SEP<MAC>.cnf.xml", "Ringlist.xml!", "DistinctiveRingList.xml"});
  CHECK(codes_of(r) == "ringtones_missing");
  CHECK(found_in(r)[0].seen == "Ringlist.xml does not exist");
  r.wait(40s).boot({"SEP<MAC>.cnf.xml", "Ringlist.xml"});
  CHECK(codes_of(r).empty());
}

TEST_CASE("31: the oldest loader finds no name of a load") {
  Replay r;
  r.boot({"SEP<MAC>.cnf.xml!", "OS79XX.TXT!"});
  CHECK_FALSE(has(r, "old_loader"));  // it may go on
  r.wait(60s);
  CHECK(has(r, "old_loader"));
  r.boot({"SEP<MAC>.cnf.xml", "OS79XX.TXT!"}).wait(60s);
  CHECK_FALSE(has(r, "old_loader"));
}

TEST_CASE("33: one name registers from two addresses in turn") {
  Line r = registered_line();
  for (int i = 0; i < 4; ++i) {
    r.address = i % 2 == 0 ? "192.0.2.8" : "192.0.2.7";
    r.port = static_cast<std::uint16_t>(r.port + 1);
    r.says(Event::registered);
  }
  CHECK(has(r, "two_addresses"));
  r.wait(20min);
  CHECK_FALSE(has(r, "two_addresses"));
}
