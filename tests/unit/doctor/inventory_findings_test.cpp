#include "sbc/phones/inventory.hpp"

#include <doctest/doctest.h>

#include <set>

#include "sbc/phones/boots.hpp"
#include "sbc/phones/model.hpp"
#include "sbc/phones/text.hpp"
#include "tests/unit/doctor/found.hpp"

using namespace dw;
using namespace dw::test;

TEST_CASE("the clock is set back: what comes next comes last, and no finding comes of it") {
  Replay r({.max_phones = 20, .max_steps = 12});
  const WallTime right = r.now;
  r.now += 24h * 365;  // a clock that somebody set wrong
  for (int i = 0; i < 9; ++i) {
    r.mac = "00112233440" + std::to_string(i);
    r.boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml"});
  }
  r.mac = kMac;
  r.boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml!"}).wait(40s);
  REQUIRE(codes_of(r) == "unknown_device");
  const auto length = r.phone().steps[1].at - r.phone().steps[0].at;
  r.now = right;
  r.inventory.clock_went_back(r.now);
  CHECK(r.phone().last_seen <= right);
  CHECK(r.phone().steps[1].at <= right);
  CHECK(r.phone().steps[1].at - r.phone().steps[0].at == length);
  r.wait(10min);
  CHECK(of_site(r, r.now).empty());
  r.boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml"}).wait(90s);
  CHECK(codes_of(r) == "");
  CHECK(r.phone().steps.back().outcome == FileOutcome::sent);
  for (int i = 0; i < 20; ++i)
    r.got("SEP<MAC>.cnf.xml");
  CHECK(r.phone().steps.size() == 12);
  CHECK(r.phone().steps.front().at > right);
  const std::uint64_t revision = r.inventory.revision();
  r.inventory.clock_went_back(r.now);
  CHECK(r.inventory.revision() == revision);
}

TEST_CASE("a file stands before what was noted of it in the same millisecond") {
  Replay r;
  r.boot(kBootB).wait(90s);
  r.inventory.on_note(DeviceName::parse(kDevice).value(), ip(r.address), r.now, Note::malformed_passed, "line 7");
  r.got("SEP<MAC>.cnf.xml");  // a new boot, which begins with it
  CHECK(r.phone().steps.back().is_note());
  CHECK(codes_of(r) == "config_malformed");
}

TEST_CASE("a wall clock that jumps back and forth leaves every story in order and within its bounds") {
  Replay r;
  const WallTime start = r.now;
  for (const auto jump : {0h, 24h * 365, -24h * 365, 1h, -1h, 24h * 9000, -24h * 9000, 0h}) {
    r.now = start + jump;
    r.boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml", "dialplan.xml"});
    const auto& steps = r.phone().steps;
    CHECK(std::ranges::is_sorted(steps, {}, &Step::at));
    CHECK(steps.size() <= 64);
    CHECK(of_site(r, r.now).size() < 10);
  }
  CHECK(r.inventory.size() == 1);
}
