#include "sbc/store/worker.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace dw::store {

Worker::Worker(net::Loop& loop, const Options& options) : loop_(loop), options_(options) {
  // Signals are handled by the loop: the thread inherits a mask that blocks them all.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { work(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

bool Worker::make_room() {
  if (queue_.size() < options_.max_queue) return true;
  const auto oldest = std::ranges::find(queue_, Weight::droppable, &Job::weight);
  if (oldest == queue_.end()) return false;
  queue_.erase(oldest);
  ++stats_.dropped;
  return true;
}

bool Worker::post(std::function<void()> job, std::function<void()> done, Weight weight) {
  {
    const std::lock_guard lock(mutex_);
    if (!make_room()) {
      ++stats_.refused;
      return false;
    }
    queue_.push_back({std::move(job), std::move(done), weight});
  }
  wake_.notify_one();
  return true;
}

Worker::Stats Worker::stats() const {
  const std::lock_guard lock(mutex_);
  Stats out = stats_;
  out.waiting = queue_.size();
  return out;
}

void Worker::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return;  // closing, and everything is done
    Job job = std::move(queue_.front());
    queue_.pop_front();
    ++stats_.run;
    lock.unlock();
    job.run();
    // Both are passed to the loop, as they may hold the last references to what they captured.
    loop_.post([alive = std::weak_ptr(alive_), done = std::make_shared<Job>(std::move(job))] {
      if (!alive.expired() && done->done) done->done();
    });
    job = {};
    lock.lock();
  }
}

}  // namespace dw::store
