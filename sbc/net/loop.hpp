#pragma once
#include <functional>
#include <memory>

#include "sbc/base/time.hpp"

struct uv_loop_s;

namespace dw::net {

/// The event loop that runs everything but media. Owns the uv_loop_t. Use all of `net` only on its thread, except
/// `post`. The destructor closes leftover handles and logs them as a bug.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run();  ///< until stop(), or until no active handle is left
  void stop();
  /// For tests: runs the loop until `condition` holds; false if `limit` passed first.
  bool run_until(const std::function<bool()>& condition, Duration limit);
  TimePoint now() const { return Clock::now(); }

  /// Runs `task` on the loop soon. The only member that other threads may call.
  void post(std::function<void()> task);
  /// Runs `job` on the thread pool, then `done` on the loop.
  void work(std::function<void()> job, std::function<void()> done);

  uv_loop_s* raw();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dw::net
