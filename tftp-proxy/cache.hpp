#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/base/metrics.hpp"
#include "sbc/base/time.hpp"
#include "sbc/net/loop.hpp"
#include "tftp-proxy/core/content.hpp"

namespace dw::provisioning {

/// What the index knows of one cached file (the origin's octets, never a rewritten form).
struct CacheEntry {
  std::string name;  ///< as the origin spells it
  std::uint64_t size = 0;
  std::string etag, last_modified, origin;
  WallTime fetched{};  ///< or last reported unchanged by the origin
};

/// Files on disk under one directory, with an index in SQLite; at most `max_octets`, the least recently used are
/// evicted. The index is in memory, so `find` never blocks; octets are read and verified against their SHA-256
/// on the thread pool, and written on the cache's own thread. A file appears by rename after fsync, so kill -9
/// leaves either the old or the new one. If the disk is full or read-only, storing is turned off (logged, counted,
/// retried later); nothing fails.
class Cache {
 public:
  struct Options {
    std::string directory;
    std::uint64_t max_octets = 2ULL << 30;
    std::uint64_t max_file = 64ULL << 20;
    Duration retry_after = std::chrono::seconds(60);  ///< how long storing stays off after an error
    friend bool operator==(const Options&, const Options&) = default;
  };
  /// Always returns a cache; if the directory can't be used, one that stores nothing and logs why.
  static std::unique_ptr<Cache> open(net::Loop& loop, const Options& options);
  virtual ~Cache() = default;

  virtual std::optional<CacheEntry> find(std::string_view name) const = 0;  ///< exact name
  virtual std::optional<CacheEntry> find_ignoring_case(std::string_view name) const = 0;
  /// Calls `done` on the loop, later. Fails (not_found) if the file is gone or damaged; then the entry is removed too.
  virtual void load(const std::string& name, std::function<void(Result<Buffer>)> done) = 0;
  /// Takes a complete content; a later store of the same name replaces it.
  virtual void store(const std::string& name, ContentPtr content) = 0;
  /// The origin reports it as unchanged.
  virtual void refreshed(const std::string& name, WallTime now) = 0;
  virtual void remove(const std::string& name) = 0;

  /// Takes new bounds; the directory stays. What exceeds `max_octets` is evicted now.
  virtual void configure(const Options& options) = 0;
  virtual bool storing() const = 0;  ///< false while turned off
  virtual std::uint64_t octets() const = 0;
  virtual std::size_t files() const = 0;
  virtual void for_each(const std::function<void(const CacheEntry&)>& visit) const = 0;
  virtual void append_metrics(MetricsText& out) const = 0;
};

}  // namespace dw::provisioning
