#include "tftp-proxy/cache.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "sbc/base/escape.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/store/worker.hpp"
#include "tftp-proxy/cache_disk.hpp"
#include "tftp-proxy/core/cache_index.hpp"
#include "tftp-proxy/core/file_name.hpp"

namespace dw::provisioning {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTouchDelay = 5s;      // changes of times are written together
constexpr std::size_t kMaxPending = 256;  // stores waiting for the disk
constexpr std::uint64_t kMaxPendingOctets = 64ULL << 20;
constexpr int kLoadTries = 2;  // the entry may be replaced while its object is read

CacheEntry public_part(const CacheIndex::Entry& e) {
  return {e.name, e.size, e.etag, e.last_modified, e.origin, e.fetched};
}

class DiskCache final : public Cache {
 public:
  DiskCache(net::Loop& loop, const Options& options)
      : loop_(loop), options_(options), index_(options.max_octets), touch_timer_(loop, [this] { write_touched(); }) {
    open_now();
  }
  ~DiskCache() override { write_touched(); }

  std::optional<CacheEntry> find(std::string_view name) const override {
    const CacheIndex::Entry* const entry = index_.find(name);
    if (entry == nullptr) return std::nullopt;
    return public_part(*entry);
  }
  std::optional<CacheEntry> find_ignoring_case(std::string_view name) const override {
    const CacheIndex::Entry* const entry = index_.find_ignoring_case(name);
    if (entry == nullptr) return std::nullopt;
    return public_part(*entry);
  }
  void load(const std::string& name, std::function<void(Result<Buffer>)> done) override;
  void store(const std::string& name, ContentPtr content) override;
  void refreshed(const std::string& name, WallTime now) override;
  void remove(const std::string& name) override;

  void configure(const Options& options) override {
    options_.max_octets = options.max_octets;
    options_.max_file = options.max_file;
    options_.retry_after = options.retry_after;
    evict(index_.set_max_octets(options.max_octets));
  }
  bool storing() const override { return disk_ != nullptr && loop_.now() >= off_until_; }
  std::uint64_t octets() const override { return index_.octets(); }
  std::size_t files() const override { return index_.files(); }
  void for_each(const std::function<void(const CacheEntry&)>& visit) const override {
    index_.for_each([&](const CacheIndex::Entry& entry) { visit(public_part(entry)); });
  }
  void append_metrics(MetricsText& out) const override;

 private:
  struct Counters {
    std::uint64_t loaded = 0, damaged = 0, unreadable = 0, stored = 0, not_stored = 0, evicted = 0;
  };
  using LoadDone = std::function<void(Result<Buffer>)>;

  void open_now();
  void reopen();
  void adopt(Result<CacheDisk::Opened> opened);
  void read(const std::string& name, LoadDone done, int tries_left);
  void on_read(const CacheIndex::Entry& tried, Result<Buffer> octets, const LoadDone& done, int tries_left);
  void on_stored(CacheIndex::Entry entry, const std::string& replaced, std::uint64_t generation,
                 const Result<void>& result);
  void evict(const std::vector<CacheIndex::Entry>& victims);
  void drop_from_disk(const std::string& name, const std::string& sha256);
  bool on_disk(std::function<Result<void>(CacheDisk&)> job, std::function<void(Result<void>)> done,
               store::Worker::Weight weight = store::Worker::Weight::needed);
  /// Now, and never the same twice: a restart finds the files in the order that they were used in.
  WallTime use_time() { return last_use_ = std::max(wall_now(), last_use_ + std::chrono::milliseconds(1)); }
  void touched(const std::string& name);
  void write_touched();
  void on_write(const Result<void>& result);
  void turn_off(const Error& why);

  net::Loop& loop_;
  Options options_;
  CacheIndex index_;
  std::shared_ptr<CacheDisk> disk_;  // used by the worker's thread once open; its objects() by the pool's too
  std::unordered_map<std::string, std::uint64_t> pending_;  // name → which store of it counts
  std::uint64_t last_generation_ = 0;
  WallTime last_use_{};
  std::size_t pending_stores_ = 0;
  std::uint64_t pending_octets_ = 0;
  std::unordered_set<std::string> touched_;
  TimePoint off_until_{};
  bool off_ = false;  // since the last write that failed, until one succeeds
  bool reopening_ = false;
  Counters counters_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  net::Timer touch_timer_;
  store::Worker worker_{loop_};  // last: its destructor runs what is queued
};

void DiskCache::open_now() {
  if (options_.directory.empty()) return;  // no cache was asked for
  adopt(CacheDisk::open(options_.directory));
}

void DiskCache::reopen() {
  if (reopening_ || options_.directory.empty()) return;
  auto result = std::make_shared<Result<CacheDisk::Opened>>(fail(Errc::unavailable, "not tried"));
  reopening_ = worker_.post([result, directory = options_.directory] { *result = CacheDisk::open(directory); },
                            [this, result] {
                              reopening_ = false;
                              adopt(std::move(*result));
                            });
}

void DiskCache::adopt(Result<CacheDisk::Opened> opened) {
  if (!opened) return turn_off(opened.error());
  disk_ = std::move(opened->disk);
  for (CacheIndex::Entry& entry : opened->entries)
    index_.put(std::move(entry));
  spdlog::info("event=cache_open dir={} files={} octets={} rows_dropped={} objects_dropped={}", options_.directory,
               index_.files(), index_.octets(), opened->rows_dropped, opened->objects_dropped);
  evict(index_.make_room(0, {}));
  on_write({});
}

void DiskCache::load(const std::string& name, std::function<void(Result<Buffer>)> done) {
  read(name, std::move(done), kLoadTries);
}

void DiskCache::read(const std::string& name, LoadDone done, int tries_left) {
  const CacheIndex::Entry* const found = disk_ != nullptr ? index_.find(name) : nullptr;
  if (found == nullptr) {
    return loop_.post([alive = std::weak_ptr(alive_), done = std::move(done)] {
      if (!alive.expired()) done(fail(Errc::not_found, "not in the cache"));
    });
  }
  index_.used(name, use_time());
  touched(name);
  auto octets = std::make_shared<Result<Buffer>>();
  loop_.work([octets, objects = disk_->objects(), sha256 = found->sha256,
              size = found->size] { *octets = objects->read(sha256, size); },
             [this, alive = std::weak_ptr(alive_), octets, entry = *found, done = std::move(done), tries_left] {
               if (!alive.expired()) on_read(entry, std::move(*octets), done, tries_left - 1);
             });
}

void DiskCache::on_read(const CacheIndex::Entry& tried, Result<Buffer> octets, const LoadDone& done, int tries_left) {
  if (octets) {
    ++counters_.loaded;
    return done(std::move(octets));
  }
  const CacheIndex::Entry* const current = index_.find(tried.name);
  if (current != nullptr && current->sha256 != tried.sha256 && tries_left > 0)
    return read(tried.name, done, tries_left);
  if (current == nullptr || current->sha256 != tried.sha256)
    return done(fail(Errc::not_found, "no longer in the cache"));
  spdlog::warn("event=cache_unreadable file=\"{}\" reason=\"{}\"", escaped(tried.name), escaped(octets.error().text));
  if (octets.error().code == Errc::system) {  // the disk's trouble, not the file's
    ++counters_.unreadable;
    return done(fail(Errc::unavailable, octets.error().text));
  }
  ++counters_.damaged;
  index_.remove(tried.name);
  drop_from_disk(tried.name, tried.sha256);
  done(fail(Errc::not_found, octets.error().text));
}

/// Runs `job` on the worker's thread, then `done` on the loop. A disk that was given up meanwhile is not
/// used.
bool DiskCache::on_disk(std::function<Result<void>(CacheDisk&)> job, std::function<void(Result<void>)> done,
                        store::Worker::Weight weight) {
  auto result = std::make_shared<Result<void>>(fail(Errc::unavailable, "the cache was closed"));
  return worker_.post(
      [result, disk = std::weak_ptr(disk_), job = std::move(job)] {
        if (const auto open = disk.lock()) *result = job(*open);
      },
      [result, done = std::move(done)] { done(std::move(*result)); }, weight);
}

void DiskCache::store(const std::string& name, ContentPtr content) {
  if (!content || content->state() != Content::State::complete || name.empty() || name.size() > kMaxFileName) return;
  if (loop_.now() < off_until_) return;
  if (disk_ == nullptr) return reopen();
  const std::uint64_t size = content->octets().size();
  const bool too_much =
      pending_stores_ >= kMaxPending || (pending_octets_ > 0 && pending_octets_ + size > kMaxPendingOctets);
  if (size > options_.max_file || size > options_.max_octets || too_much) {
    ++counters_.not_stored;
    return;
  }
  evict(index_.make_room(std::min(size + pending_octets_, options_.max_octets), name));
  const ContentMeta& meta = content->meta();
  auto entry = std::make_shared<CacheIndex::Entry>(
      CacheIndex::Entry{name, size, {}, meta.etag, meta.last_modified, meta.origin, wall_now(), use_time()});
  auto replaced = std::make_shared<std::string>();
  const std::uint64_t generation = ++last_generation_;
  // The octets of a complete content never change, and the second function holds it until the first has run.
  const bool taken = on_disk(
      [entry, replaced, octets = content->octets()](CacheDisk& disk) { return disk.store(*entry, octets, *replaced); },
      [this, entry, replaced, content, generation](const Result<void>& result) {
        on_stored(std::move(*entry), *replaced, generation, result);
      });
  if (!taken) {
    ++counters_.not_stored;
    return;
  }
  pending_[name] = generation;
  ++pending_stores_;
  pending_octets_ += size;
}

void DiskCache::on_stored(CacheIndex::Entry entry, const std::string& replaced, std::uint64_t generation,
                          const Result<void>& result) {
  --pending_stores_;
  pending_octets_ -= entry.size;
  const auto waited = pending_.find(entry.name);
  const bool counts = waited != pending_.end() && waited->second == generation;
  if (counts) pending_.erase(waited);
  on_write(result);
  if (!result) {
    ++counters_.not_stored;
    return;
  }
  ++counters_.stored;
  if (disk_ == nullptr) return;  // given up meanwhile
  if (counts) {                  // neither stored again nor removed meanwhile
    const std::string name = entry.name;
    index_.put(std::move(entry));
    evict(index_.make_room(0, name));
  }
  if (!replaced.empty()) {
    (void)on_disk([replaced](CacheDisk& disk) { return disk.remove_if_unused(replaced); },
                  [this](const Result<void>& removed) {
                    if (!removed) turn_off(removed.error());
                  });
  }
}

void DiskCache::refreshed(const std::string& name, WallTime now) {
  index_.refreshed(name, now);
  touched(name);
}

void DiskCache::remove(const std::string& name) {
  pending_.erase(name);
  index_.remove(name);
  drop_from_disk(name, {});
}

void DiskCache::evict(const std::vector<CacheIndex::Entry>& victims) {
  for (const CacheIndex::Entry& victim : victims) {
    ++counters_.evicted;
    drop_from_disk(victim.name, victim.sha256);
  }
}

void DiskCache::drop_from_disk(const std::string& name, const std::string& sha256) {
  if (disk_ == nullptr) return;
  (void)on_disk([name, sha256](CacheDisk& disk) { return disk.remove(name, sha256); },
                [this](const Result<void>& removed) {
                  if (!removed) turn_off(removed.error());
                });
}

void DiskCache::touched(const std::string& name) {
  if (index_.find(name) == nullptr) return;
  touched_.insert(name);
  if (!touch_timer_.armed()) touch_timer_.arm_after(kTouchDelay);
}

void DiskCache::write_touched() {
  if (disk_ == nullptr || touched_.empty() || loop_.now() < off_until_) return touched_.clear();
  std::vector<CacheIndex::Entry> entries;
  for (const std::string& name : touched_) {
    if (const CacheIndex::Entry* const entry = index_.find(name); entry != nullptr) entries.push_back(*entry);
  }
  touched_.clear();
  (void)on_disk([entries = std::move(entries)](CacheDisk& disk) { return disk.touch(entries); },
                [this](const Result<void>& written) {
                  if (!written) turn_off(written.error());
                },
                store::Worker::Weight::droppable);
}

void DiskCache::on_write(const Result<void>& result) {
  if (!result) return turn_off(result.error());
  if (!off_) return;
  off_ = false;
  spdlog::info("event=cache_on dir={} files are stored again", options_.directory);
}

void DiskCache::turn_off(const Error& why) {
  off_until_ = loop_.now() + options_.retry_after;
  if (!off_) {
    spdlog::warn("event=cache_off dir={} reason=\"{}\" no file is stored for {}", options_.directory, escaped(why.text),
                 to_words(options_.retry_after));
  }
  off_ = true;
  if (why.code != Errc::malformed || disk_ == nullptr) return;
  // The index on disk is damaged: the next try moves it aside and starts a new one.
  disk_.reset();
  pending_.clear();
  index_ = CacheIndex(options_.max_octets);
}

void DiskCache::append_metrics(MetricsText& out) const {
  const auto count = [](std::uint64_t n) { return static_cast<double>(n); };
  out.gauge("dropwire_cache_bytes", "Octets of files in the disk cache.", count(index_.octets()));
  out.gauge("dropwire_cache_max_bytes", "What the disk cache may hold.", count(options_.max_octets));
  out.gauge("dropwire_cache_files", "Files in the disk cache.", count(index_.files()));
  out.gauge("dropwire_cache_storing", "1 while files are stored, 0 while the disk refuses them.", storing() ? 1 : 0);
  constexpr std::string_view kLoads = "Files read from the disk cache, by result.";
  out.counter("dropwire_cache_loads_total", kLoads, counters_.loaded, {{"result", "ok"}});
  out.counter("dropwire_cache_loads_total", kLoads, counters_.damaged, {{"result", "damaged"}});
  out.counter("dropwire_cache_loads_total", kLoads, counters_.unreadable, {{"result", "unreadable"}});
  constexpr std::string_view kStores = "Files given to the disk cache, by result.";
  out.counter("dropwire_cache_stores_total", kStores, counters_.stored, {{"result", "ok"}});
  out.counter("dropwire_cache_stores_total", kStores, counters_.not_stored, {{"result", "not_stored"}});
  out.counter("dropwire_cache_evictions_total", "Files that went because the cache was full.", counters_.evicted);
}

}  // namespace

std::unique_ptr<Cache> Cache::open(net::Loop& loop, const Options& options) {
  return std::make_unique<DiskCache>(loop, options);
}

}  // namespace dw::provisioning
