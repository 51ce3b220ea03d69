#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>

#include "sbc/base/time.hpp"

namespace dw::nat {

/// Whether what came on one side went out on the other. That nobody wants it is no failure; that it has a
/// destination in principle and does not get there is.
class Delivery {
 public:
  /// A longer pause between two packets ends the time in which nothing was delivered.
  static constexpr Duration kPause = std::chrono::seconds(1);

  void sent(std::uint64_t packets = 1) {
    sent_ += packets;
    since_.reset();
  }
  /// Those that had waited.
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
