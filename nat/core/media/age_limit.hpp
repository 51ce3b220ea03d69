#pragma once
#include <algorithm>

#include "sbc/base/time.hpp"

namespace dw::nat {

/// How long a packet may have waited for its media thread and still be sent on. One that waited for longer than `most`
/// shows that the thread can't keep up; then whatever waits stands before fresher packets, and what is lost is lost
/// in any case. So until nothing was found late for kCalm the limit is a quarter of it: the queues stay
/// short, and are gone soon after the load is. One thread's, of all its sockets.
class AgeLimit {
 public:
  static constexpr Duration kCalm = std::chrono::milliseconds(500);

  explicit AgeLimit(Duration most) : most_(most) {}

  /// Of a packet that is this old now.
  bool is_late(TimePoint now, Duration age) {
    if (age <= (is_behind(now) ? most_ / 4 : most_)) return false;
    behind_until_ = now + kCalm;
    return true;
  }
  /// The thread can't keep up, or could not a moment ago.
  bool is_behind(TimePoint now) const { return now < behind_until_; }

 private:
  Duration most_;
  TimePoint behind_until_{};
};

}  // namespace dw::nat
