#pragma once
#include <chrono>

#include "sbc/base/time.hpp"

namespace dw {

/// Detects that the wall clock was set (by NTP after a boot without a battery, or by a person), by comparing it with
/// the monotonic clock.
class ClockWatch {
 public:
  static constexpr std::chrono::milliseconds kSet{5'000};  ///< a smaller change is a slewed clock or a busy machine

  ClockWatch(TimePoint now, WallTime wall) : ahead_(ahead(now, wall)) {}

  /// By how much it was set since the last call: forward, or back (below zero). Zero: it was not set.
  std::chrono::milliseconds look(TimePoint now, WallTime wall) {
    const auto before = ahead_;
    ahead_ = ahead(now, wall);
    const auto moved = ahead_ - before;
    return std::chrono::abs(moved) < kSet ? std::chrono::milliseconds{} : moved;
  }

 private:
  static std::chrono::milliseconds ahead(TimePoint now, WallTime wall) {
    return wall.time_since_epoch() - std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch());
  }
  std::chrono::milliseconds ahead_;
};

}  // namespace dw
