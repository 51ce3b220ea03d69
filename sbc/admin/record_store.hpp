#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sbc/net/log.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/phones/phone.hpp"
#include "sbc/store/database.hpp"
#include "sbc/store/worker.hpp"

namespace dw::admin {

/// Stores what does not belong to one phone (STATE/records.db): each finished call, as the JSON object that the API
/// returns, and when Dropwire was running. Bounded by count and age. Writes once a second on its own thread; the
/// destructor writes what is left, and that the program stops. If the disk can't be used, the last calls are kept in
/// memory, and the log says so.
class RecordStore {
 public:
  struct Options {
    std::size_t max_calls = 10'000;
    std::chrono::hours max_age{24 * 90};
    Duration write_every = std::chrono::seconds(1);
    /// How exactly the end of a run that crashed is known.
    Duration alive_every = std::chrono::seconds(60);
    friend bool operator==(const Options&, const Options&) = default;
  };
  static constexpr std::size_t kMaxWaiting = 4096;  ///< records while the disk fails; the oldest are dropped
  static constexpr std::size_t kMaxAsked = 10'000;  ///< records in one answer

  static std::unique_ptr<RecordStore> open(net::Loop& loop, const std::string& state_directory, const Options& options);
  ~RecordStore();
  RecordStore(const RecordStore&) = delete;
  RecordStore& operator=(const RecordStore&) = delete;

  void configure(std::size_t max_calls, std::chrono::hours max_age);
  void add(WallTime ended, std::string record);
  /// When Dropwire was not running before this start: the last Inventory::kMaxAbsences times, in order.
  const std::vector<phones::Absence>& absences() const { return absences_; }

  struct Answer {
    std::uint64_t total = 0;           ///< calls that ended since then
    std::vector<std::string> records;  ///< latest first
  };
  /// Calls `done` once, later, unless this is destroyed first.
  void finished(WallTime since, std::size_t limit, std::function<void(Answer)> done);
  bool storing() const { return database_ != nullptr && !failing_; }

 private:
  using Record = std::pair<WallTime, std::string>;
  struct Batch {
    std::vector<Record> records;
    std::int64_t started = 0, seen = 0;
    bool stopping = false;
    std::int64_t keep = 0, not_before = 0;
  };
  RecordStore(net::Loop& loop, const Options& options);
  Result<void> load(const std::string& state_directory);
  Result<void> load_runs();
  void tick();
  void write(bool stopping);
  static Result<void> write_batch(store::Database& database, const Batch& batch);
  static Result<Answer> read(store::Database& database, WallTime since, std::size_t limit);
  Answer from_memory(WallTime since, std::size_t limit) const;

  Options options_;
  WallTime started_;
  std::vector<phones::Absence> absences_;
  std::deque<Record> waiting_;                 // not on disk yet; without a disk, the last ones
  std::unique_ptr<store::Database> database_;  // used by the worker once it has a job
  bool writing_ = false, failing_ = false;
  TimePoint said_alive_{};
  net::LogLimit failures_{1.0 / 60, 1};
  net::Timer timer_;
  store::Worker worker_;  // last: its destructor runs queued jobs
};

}  // namespace dw::admin
