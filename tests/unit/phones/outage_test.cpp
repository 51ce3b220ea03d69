// Outages in a phone's story: of call servers, and of Dropwire itself.
#include <doctest/doctest.h>

#include "sbc/phones/signalling_story.hpp"
#include "tests/unit/phones/line.hpp"

using namespace dw;
using namespace dw::test;

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
