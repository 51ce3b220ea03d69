#pragma once
#include <chrono>

#include "sbc/base/time.hpp"

namespace dw {

/// Tells when somebody set the wall clock (NTP after a boot without a battery, a person), by the clock that
/// only goes forward.
class ClockWatch {
 public:
  static constexpr std::chrono::milliseconds kSet{5'000};  ///< less is a clock that is slewed, or a busy machine

  ClockWatch(TimePoint now, WallTime wall) : ahead_(ahead(now, wall)) {}

  /// How far it was set since the last look, forward or (below zero) back; zero: it just went on.
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
