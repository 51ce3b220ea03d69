#pragma once
#include <functional>
#include <memory>

#include "sbc/net/loop.hpp"

namespace dw::net {

/// Calls back once after it was armed. Arming it again moves the deadline. Nothing is called after it is destroyed.
class Timer {
 public:
  Timer(Loop& loop, std::function<void()> on_time);
  ~Timer();
  Timer(Timer&&) noexcept;
  Timer& operator=(Timer&&) noexcept;

  void arm_at(TimePoint when);  ///< rounded up to the next millisecond; a time in the past means "soon"
  void arm_after(Duration after) { arm_at(Clock::now() + after); }
  void cancel();
  bool armed() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dw::net
