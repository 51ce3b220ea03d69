#pragma once
#include <array>
#include <cstddef>

#include "nat/relay.hpp"
#include "sbc/base/time.hpp"

namespace dw::proxy {

/// What the relay counted in the last minutes: the difference between its latest count and the oldest one kept.
class MediaDrops {
 public:
  static constexpr Duration kEvery = std::chrono::seconds(30);
  static constexpr std::size_t kKept = 10;  ///< five minutes

  /// To be called once in kEvery.
  void look(const nat::RelayCounts& counts) {
    counts_[next_] = counts;
    next_ = (next_ + 1) % kKept;
  }
  nat::RelayCounts lately(const nat::RelayCounts& now) const {
    const nat::RelayCounts& then = counts_[next_];
    return {now.packets - then.packets, now.dropped - then.dropped};
  }

 private:
  std::array<nat::RelayCounts, kKept> counts_{};  ///< the oldest at next_
  std::size_t next_ = 0;
};

}  // namespace dw::proxy
