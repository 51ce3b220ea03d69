#include "sbc/base/clock_watch.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace std::chrono_literals;

TEST_CASE("a wall clock that is set is reported once, in either direction; one that is slewed is not") {
  TimePoint now{1h};
  WallTime wall{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};
  ClockWatch watch(now, wall);
  const auto go = [&](std::chrono::milliseconds by, std::chrono::milliseconds set = {}) {
    now += by;
    wall += by + set;
    return watch.look(now, wall);
  };
  CHECK(go(1s) == 0ms);
  CHECK(go(24h) == 0ms);
  CHECK(go(1s, 3h) == 3h);
  CHECK(go(1s) == 0ms);
  CHECK(go(1s, -10s) == -10s);
  CHECK(go(1s) == 0ms);
  for (int i = 0; i < 1'000; ++i)
    CHECK(go(1s, 100ms) == 0ms);
}
