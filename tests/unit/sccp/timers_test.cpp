#include "sbc/sccp/timers.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace dw::sccp;
using namespace std::chrono_literals;

TEST_CASE("the next deadline is that of the first timer that runs, and no other is due then") {
  Timers timers;
  const TimePoint now{1h};
  CHECK(timers.next() == TimePoint::max());
  timers.set(Timer::reset, now + 2s);
  timers.set(Timer::token_answer, now + 1s);
  CHECK(timers.next() == now + 1s);
  for (std::size_t i = 0; i < kTimers; ++i)
    CHECK(timers.due(static_cast<Timer>(i), timers.next()) == (static_cast<Timer>(i) == Timer::token_answer));
  timers.stop(Timer::token_answer);
  CHECK_FALSE(timers.runs(Timer::token_answer));
  CHECK(timers.runs(Timer::reset));
  CHECK(timers.next() == now + 2s);
  timers.set(Timer::reset, now + 5s);
  CHECK_FALSE(timers.due(Timer::reset, now + 4s));
}
