#pragma once
#include "sbc/admin/sources.hpp"
#include "sbc/net/timer.hpp"

namespace dw::admin {

/// Has phones judged in the background as they change, so that an answer only reads what is known: a few milliseconds
/// of judging at a time, and as long between them for everything else. On the loop's thread.
class Judging {
 public:
  static constexpr std::chrono::milliseconds kSlice{2}, kBetween{4}, kIdle{200};
  static constexpr std::size_t kAtOnce = 64;  ///< judged before an answer, so that what just happened is in it

  Judging(net::Loop& loop, const Sources& sources);
  /// What an answer needs now: of thousands that changed at once only the first.
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
