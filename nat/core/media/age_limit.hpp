#pragma once
#include <algorithm>

#include "sbc/base/time.hpp"

namespace dw::nat {

/// How long a packet may wait for its media thread and still be sent. A packet that waited longer than `most` shows
/// that the thread can't keep up; from then on old packets delay fresher ones, and packets are lost in any case. So the
/// limit drops to a quarter until no packet was late for kCalm: queues stay short, and are empty soon after the load
/// ends. One for each media thread, for all its sockets.
class AgeLimit {
 public:
  static constexpr Duration kCalm = std::chrono::milliseconds(500);

  explicit AgeLimit(Duration most) : most_(most) {}

  /// Whether a packet of this age is too old to send.
  bool is_late(TimePoint now, Duration age) {
    if (age <= (is_behind(now) ? most_ / 4 : most_)) return false;
    behind_until_ = now + kCalm;
    return true;
  }
  /// The thread can't keep up, or could not until a moment ago.
  bool is_behind(TimePoint now) const { return now < behind_until_; }

 private:
  Duration most_;
  TimePoint behind_until_{};
};

}  // namespace dw::nat
