// What a phone's story tells of outages: of call servers, and of Dropwire itself.
#include <doctest/doctest.h>

#include "sbc/phones/signalling_story.hpp"
#include "tests/unit/phones/line.hpp"

using namespace dw;
using namespace dw::test;

TEST_CASE("an outage is one line of the story, however often the phone asks, and its length is told with what ends it") {
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
