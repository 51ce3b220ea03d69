#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sbc/net/log.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/phones/inventory.hpp"
#include "sbc/store/database.hpp"
#include "sbc/store/worker.hpp"
#include "tftp-proxy/core/admissions.hpp"

namespace dw::admin {

/// Keeps the inventory on disk (STATE/phones.db), so that stories survive a restart, and likewise the admissions. Loads
/// them when opened, then writes changes, at most once a second, on its own thread; the destructor writes what is left.
/// If the disk can't be used, both live in memory only, and the log says so. The arguments must outlive it.
class PhoneStore {
 public:
  struct Options {
    Duration write_every = std::chrono::seconds(1);
    Duration retry_after = std::chrono::seconds(60);  ///< after a failed write
  };
  static constexpr std::size_t kMaxPhonesAWrite = 512, kMaxAdmissionsAWrite = 4096;

  static std::unique_ptr<PhoneStore> open(net::Loop& loop, const std::string& state_directory,
                                          phones::Inventory& inventory, provisioning::Admissions& admissions,
                                          const Options& options);
  static std::unique_ptr<PhoneStore> open(net::Loop& loop, const std::string& state_directory,
                                          phones::Inventory& inventory, provisioning::Admissions& admissions) {
    return open(loop, state_directory, inventory, admissions, Options{});
  }
  ~PhoneStore();
  PhoneStore(const PhoneStore&) = delete;
  PhoneStore& operator=(const PhoneStore&) = delete;

  bool storing() const { return database_ != nullptr && !failing_; }

 private:
  struct Saved {
    std::uint64_t highest = 0;  ///< step id on disk
    WallTime first_seen{};      ///< if it differs, the phone was removed and came again
  };
  /// The lowest step ids that stay: of files and notes, and of signalling and calls. The two kinds expire separately.
  struct Oldest {
    std::uint64_t file = 0, live = 0;
  };
  static Oldest oldest_of(const phones::Phone& phone);
  /// The data of one write, copied for the other thread.
  struct Batch {
    std::vector<phones::Phone> phones;  ///< `steps` has only those not saved yet
    std::vector<Oldest> oldest;         ///< for each phone
    std::vector<std::string> gone;      ///< removed before the others are written
    std::vector<provisioning::Admissions::Change> admissions;
  };

  PhoneStore(net::Loop& loop, phones::Inventory& inventory, provisioning::Admissions& admissions,
             const Options& options);
  Result<void> load(const std::string& state_directory);
  void tick();
  void write(std::size_t max_phones, std::size_t max_admissions);
  Batch collect(std::size_t max_phones, std::size_t max_admissions);
  void on_written(const std::shared_ptr<Batch>& batch, const Result<void>& result);
  void note_saved(const phones::Phone& phone);
  static Result<void> write_batch(store::Database& database, const Batch& batch);

  phones::Inventory& inventory_;
  provisioning::Admissions& admissions_;
  Options options_;
  std::unique_ptr<store::Database> database_;     // used by the worker once it has a job
  std::unordered_map<std::string, Saved> saved_;  // by key
  std::unordered_set<std::string> waiting_;       // changed, but not on disk yet
  std::uint64_t removals_seen_ = 0;
  std::shared_ptr<const Batch> in_flight_;  // being written by the worker
  bool failing_ = false;
  net::LogLimit failures_{1.0 / 60, 1};
  net::Timer timer_;
  store::Worker worker_;  // last: its destructor runs queued jobs
};

}  // namespace dw::admin
