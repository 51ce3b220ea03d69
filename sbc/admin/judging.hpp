#pragma once
#include "sbc/admin/sources.hpp"
#include "sbc/net/timer.hpp"

namespace dw::admin {

/// Judges changed phones in the background, so that an answer only reads the results: a few milliseconds at a time,
/// with a pause of that length for everything else. On the loop's thread.
class Judging {
 public:
  static constexpr std::chrono::milliseconds kSlice{2}, kBetween{4}, kIdle{200};
  static constexpr std::size_t kAtOnce = 64;  ///< judged before an answer, so that it includes what just happened

  Judging(net::Loop& loop, const Sources& sources);
  /// Judges what an answer needs now: if thousands changed at once, only the first ones.
  void look();

 private:
  void tick();
  void take_causes(TimePoint now);

  net::Loop& loop_;
  const Sources& sources_;
  TimePoint causes_taken_{};
  net::Timer timer_;
};

}  // namespace dw::admin
