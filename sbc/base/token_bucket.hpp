#pragma once
#include <algorithm>

#include "sbc/base/time.hpp"

namespace dw {

/// Lets `rate` things a second pass, and up to `burst` at once. Starts full.
class TokenBucket {
 public:
  TokenBucket(double rate_per_second, double burst) : rate_(rate_per_second), burst_(burst), tokens_(burst) {}

  bool take(TimePoint now, double cost = 1.0) {
    refill(now);
    if (tokens_ < cost) return false;
    tokens_ -= cost;
    return true;
  }
  /// Passes while this share of a burst is left for others, or all of it is there; below 0 it passes ahead of its time,
  /// by up to as much in advance.
  bool take_leaving(TimePoint now, double share, double cost = 1.0) {
    refill(now);
    if (tokens_ < std::min(share * burst_ + cost, burst_)) return false;
    tokens_ -= cost;
    return true;
  }
  /// Passes ahead of its time, up to a burst in advance: whoever asks by take() waits for as long.
  bool take_ahead(TimePoint now, double cost = 1.0) {
    refill(now);
    if (tokens_ - cost < -burst_) return false;
    tokens_ -= cost;
    return true;
  }
  /// Full again: whoever it limits has been quiet, and its bucket may be forgotten.
  bool full(TimePoint now) {
    refill(now);
    return tokens_ >= burst_;
  }

 private:
  void refill(TimePoint now) {
    if (now > last_) {
      tokens_ = std::min(burst_, tokens_ + rate_ * std::chrono::duration<double>(now - last_).count());
      last_ = now;
    }
  }
  double rate_;
  double burst_;
  double tokens_;
  TimePoint last_{};
};

}  // namespace dw
