#include "sbc/net/loop.hpp"

#include <uv.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "sbc/net/handle.hpp"
#include "sbc/net/log.hpp"

namespace dw::net {

struct Loop::State {
  uv_loop_t uv{};
  uv_async_t async{};
  std::mutex mutex;
  std::vector<std::function<void()>> posted;  // guarded by mutex
  bool ending = false;

  std::vector<std::function<void()>> take_posted() {
    const std::lock_guard lock(mutex);
    return std::exchange(posted, {});
  }
  void run_posted() {
    for (auto& task : take_posted())
      task();
  }
  /// The objects that a task owns (handles too) are destroyed with it, and may post again meanwhile.
  void drop_posted() {
    while (!take_posted().empty()) {
    }
  }
};

namespace {

/// A job on its way through the thread pool. libuv owns it between work() and its `done`.
struct Work {
  uv_work_t uv{};
  std::function<void()> job;
  std::function<void()> done;
  const bool* ending = nullptr;
};

void close_left_over(uv_handle_t* handle, void* count) {
  if (uv_is_closing(handle) != 0 || handle->data == nullptr) return;
  auto* cell = static_cast<HandleCell*>(handle->data);
  if (cell->owner) *cell->owner = nullptr;
  cell->owner = nullptr;
  ++*static_cast<unsigned*>(count);
  uv_close(handle, HandleCell::on_closed);
}

}  // namespace

Loop::Loop() : state_(std::make_unique<State>()) {
  // Writing to a peer that is gone gives an error and must never end the process.
  std::signal(SIGPIPE, SIG_IGN);
  if (const int error = uv_loop_init(&state_->uv); error != 0) {
    spdlog::critical("event=loop_failed reason=\"{}\" the event loop could not be made", uv_strerror(error));
    std::abort();
  }
  state_->uv.data = state_.get();
  uv_async_init(&state_->uv, &state_->async,
                [](uv_async_t* async) { static_cast<State*>(async->loop->data)->run_posted(); });
  state_->async.data = nullptr;  // the loop's own handle, not a HandleCell
  uv_unref(reinterpret_cast<uv_handle_t*>(&state_->async));
}

Loop::~Loop() {
  state_->ending = true;
  state_->drop_posted();
  unsigned left = 0;
  uv_walk(&state_->uv, close_left_over, &left);
  if (left != 0) spdlog::error("event=handles_left count={} bug: handles outlived their loop and were closed", left);
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->async), nullptr);
  uv_run(&state_->uv, UV_RUN_DEFAULT);  // runs close callbacks, and waits for jobs on the thread pool
  uv_loop_close(&state_->uv);
}

void Loop::run() {
  uv_run(&state_->uv, UV_RUN_DEFAULT);
}

void Loop::stop() {
  uv_stop(&state_->uv);
}

bool Loop::run_until(const std::function<bool()>& condition, Duration limit) {
  constexpr std::uint64_t kLookAgainMs = 5;  // a change made by another thread is noticed without an event
  Handle<uv_timer_t, int> tick;
  tick.open(*this, 0, uv_timer_init);
  uv_timer_start(
      tick.raw(), [](uv_timer_t*) {}, kLookAgainMs, kLookAgainMs);
  const TimePoint end = now() + limit;
  while (!condition()) {
    if (now() >= end) return false;
    uv_run(&state_->uv, UV_RUN_ONCE);
  }
  return true;
}

void Loop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->posted.push_back(std::move(task));
  }
  uv_async_send(&state_->async);
}

void Loop::work(std::function<void()> job, std::function<void()> done) {
  auto* work = new Work{{}, std::move(job), std::move(done), &state_->ending};
  work->uv.data = work;
  uv_queue_work(
      &state_->uv, &work->uv, [](uv_work_t* uv) { static_cast<Work*>(uv->data)->job(); },
      [](uv_work_t* uv, int) {
        const std::unique_ptr<Work> finished(static_cast<Work*>(uv->data));
        if (!*finished->ending && finished->done) finished->done();
      });
}

uv_loop_s* Loop::raw() {
  return &state_->uv;
}

}  // namespace dw::net
