#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "sbc/net/loop.hpp"

namespace dw::store {

/// A thread for work that would block the loop: jobs run one at a time, in the order of posting. Created, used and
/// destroyed on the loop's thread. The destructor runs the queued jobs (flush at shutdown), then joins.
class Worker {
 public:
  enum class Weight {
    needed,     ///< never dropped; refused when the queue is full of needed jobs
    droppable,  ///< the oldest is dropped when the queue is full
  };
  struct Options {
    std::size_t max_queue = 1024;  ///< jobs waiting
  };
  struct Stats {
    std::uint64_t run = 0, dropped = 0, refused = 0;
    std::size_t waiting = 0;
  };

  Worker(net::Loop& loop, const Options& options);
  explicit Worker(net::Loop& loop) : Worker(loop, Options{}) {}
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Runs `job` on the thread, then `done` (may be empty) on the loop, unless this was destroyed meanwhile. Both are
  /// always destroyed on the loop's thread. False: the queue is full of needed jobs, and this one was refused. A
  /// dropped job's `done` never runs.
  bool post(std::function<void()> job, std::function<void()> done = {}, Weight weight = Weight::needed);

  Stats stats() const;

 private:
  struct Job {
    std::function<void()> run, done;
    Weight weight;
  };
  void work();
  bool make_room();

  net::Loop& loop_;
  Options options_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // used on the loop's thread only
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;  // guarded by mutex_, as is everything below
  Stats stats_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace dw::store
