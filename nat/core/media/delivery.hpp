#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>

#include "sbc/base/time.hpp"

namespace dw::nat {

/// Whether packets received on one side were sent on the other. A packet without a destination is no failure; one that
/// has a destination and could not be sent is.
class Delivery {
 public:
  /// A longer pause between two failures starts a new period without delivery.
  static constexpr Duration kPause = std::chrono::seconds(1);

  void sent(std::uint64_t packets = 1) {
    sent_ += packets;
    since_.reset();
  }
  /// A packet that was held, and sent later.
  void sent_late() { ++sent_; }
  void unwanted() { since_.reset(); }
  void failed(TimePoint now) {
    if (!since_ || now - last_ > kPause) since_ = now;
    last_ = now;
    longest_ = std::max(longest_, now - *since_);
  }

  std::uint64_t packets() const { return sent_; }
  Duration longest() const { return longest_; }

 private:
  std::uint64_t sent_ = 0;
  std::optional<TimePoint> since_;
  TimePoint last_{};
  Duration longest_{};
};

}  // namespace dw::nat
