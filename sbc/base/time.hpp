#pragma once
#include <chrono>
#include <string>

namespace dw {

/// Monotonic time, for every deadline and measurement. It is passed to cores; they never read the clock.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

/// Wall-clock time for people: stories, logs, files. Never for deadlines.
using WallClock = std::chrono::system_clock;
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

inline WallTime wall_now() {
  return std::chrono::floor<std::chrono::milliseconds>(WallClock::now());
}

/// RFC 3339, UTC, milliseconds: "2026-11-22T20:19:21.042Z".
std::string to_rfc3339(WallTime at);

/// For people: "250 ms", "3.2 s", "4 min 10 s", "2 h 5 min", "3 d 4 h".
std::string to_words(Duration d);

}  // namespace dw
