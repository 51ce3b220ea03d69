#pragma once
#include <algorithm>

#include "sbc/base/time.hpp"

namespace dw {

/// Lets `rate` things pass per second, and up to `burst` at once. Starts full.
class TokenBucket {
 public:
  TokenBucket(double rate_per_second, double burst) : rate_(rate_per_second), burst_(burst), tokens_(burst) {}

  bool take(TimePoint now, double cost = 1.0) {
    refill(now);
    if (tokens_ < cost) return false;
    tokens_ -= cost;
    return true;
  }
  /// Passes if that leaves `share` of a burst for others, or if the bucket is full. A share below 0 lets it borrow that
  /// much of a burst in advance.
  bool take_leaving(TimePoint now, double share, double cost = 1.0) {
    refill(now);
    if (tokens_ < std::min(share * burst_ + cost, burst_)) return false;
    tokens_ -= cost;
    return true;
  }
  /// May borrow up to a burst in advance; take() then fails until that is paid back.
  bool take_ahead(TimePoint now, double cost = 1.0) {
    refill(now);
    if (tokens_ - cost < -burst_) return false;
    tokens_ -= cost;
    return true;
  }
  /// Full again: its source has been quiet, and the bucket may be dropped.
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
