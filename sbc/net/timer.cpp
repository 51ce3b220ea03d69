#include "sbc/net/timer.hpp"

#include <algorithm>
#include <utility>

#include "sbc/net/handle.hpp"

namespace dw::net {

struct Timer::State {
  using Owned = Handle<uv_timer_t, std::function<void()>>;
  Owned handle;
};

Timer::Timer(Loop& loop, std::function<void()> on_time) : state_(std::make_unique<State>()) {
  state_->handle.open(loop, std::move(on_time), uv_timer_init);
}

Timer::~Timer() = default;
Timer::Timer(Timer&&) noexcept = default;
Timer& Timer::operator=(Timer&&) noexcept = default;

void Timer::arm_at(TimePoint when) {
  if (!state_->handle) return;
  // libuv's clock and ours are both CLOCK_MONOTONIC; libuv's is cached once a turn, in whole milliseconds. So use the
  // distance to its clock, not to the real time: then the timer never fires before `when`.
  const auto due = std::chrono::ceil<std::chrono::milliseconds>(when.time_since_epoch()).count();
  const auto cached = static_cast<std::int64_t>(uv_now(state_->handle.raw()->loop));
  uv_timer_start(
      state_->handle.raw(), [](uv_timer_t* timer) { State::Owned::user_of(timer)(); },
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, due - cached)), 0);
}

void Timer::cancel() {
  if (state_->handle) uv_timer_stop(state_->handle.raw());
}

bool Timer::armed() const {
  return state_->handle && uv_is_active(state_->handle.base()) != 0;
}

}  // namespace dw::net
