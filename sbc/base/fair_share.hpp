#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "sbc/base/keyed_hash.hpp"
#include "sbc/base/source.hpp"
#include "sbc/base/source_table.hpp"
#include "sbc/base/token_bucket.hpp"

namespace dw {

/// Shares out a limited number of things (connections, transactions, streams): each source has a limit, an IPv6 site
/// kSite times that, and part of the whole is kept for known sources, so that strangers can only fill what is left.
/// Memory is bounded by `total`; work is constant. No I/O.
class FairShare {
 public:
  struct Options {
    std::size_t total = 0;
    std::size_t per_source = 0;        ///< of a stranger; 0: limited only by `total`
    std::size_t per_known_source = 0;  ///< of a known source; 0: likewise
    unsigned kept_for_known = 50;      ///< percent of `total` that strangers can't take
    friend bool operator==(const Options&, const Options&) = default;
  };
  /// All but granted name the limit that was reached.
  enum class Verdict : std::uint8_t { granted, source, site, strangers, total };
  static constexpr std::size_t kSite = 4;

  FairShare(const Options& options, std::uint64_t seed);
  /// What is held stays held, even beyond the new limits.
  void configure(const Options& options) { options_ = options; }

  /// Takes all of `amount` or nothing.
  Verdict take(const IpAddress& address, Standing standing, std::size_t amount = 1);
  /// Returns what was granted; `standing` as it was granted or promoted to.
  void give_back(const IpAddress& address, Standing standing, std::size_t amount = 1);
  /// Counts it under a better standing, once the source registered. Never refused: the sum held stays the same.
  void promote(Standing from, Standing to, std::size_t amount = 1);

  std::size_t held() const { return held_; }
  std::size_t held_by_strangers() const { return strangers_; }
  std::size_t held_by(const IpAddress& address) const;
  std::size_t total() const { return options_.total; }
  std::uint64_t refused() const { return refused_; }

 private:
  using Counts = std::unordered_map<IpAddress, std::size_t, KeyedHash>;
  static std::size_t count(const Counts& counts, const IpAddress& key);
  Verdict judge(const IpAddress& source, Standing standing, std::size_t amount) const;

  Options options_;
  Counts sources_, sites_;
  std::size_t held_ = 0, strangers_ = 0;
  std::uint64_t refused_ = 0;
};

/// The limit behind it, for a log line: "source", "site", "strangers", "total"; empty for granted.
std::string_view to_string(FairShare::Verdict verdict);

/// Limits how often sources may do something: each source has a rate, an IPv6 site FairShare::kSite times that, and all
/// together `total`, part of which is kept for known sources. Bounded by kMaxSources; work is constant. No I/O.
class FairRate {
 public:
  struct Options {
    double per_source = 1;         ///< per second, of a stranger
    double per_known_source = 1;   ///< of a known source
    double total = 0;              ///< of all together; 0: no limit
    double burst = 5;              ///< how many seconds' worth may come at once
    unsigned kept_for_known = 50;  ///< percent of `total`
    friend bool operator==(const Options&, const Options&) = default;
  };
  static constexpr std::size_t kMaxSources = 65'536;

  FairRate(const Options& options, std::uint64_t seed, std::size_t sources = kMaxSources);
  /// Buckets whose rate changed are full again.
  void configure(const Options& options);

  bool take(TimePoint now, const IpAddress& address, Standing standing);
  std::uint64_t refused() const { return refused_; }
  std::size_t size() const { return sources_.size(); }

 private:
  struct Source {
    TokenBucket bucket{1, 1};
    bool known = false;
  };
  TokenBucket bucket_of(double rate) const { return {rate, std::max(1.0, options_.burst * rate)}; }

  Options options_;
  SourceTable<IpAddress, Source> sources_, sites_;
  TokenBucket crowd_;            // shared by strangers for whom the table has no room
  TokenBucket all_, strangers_;  // strangers_: the part of all_ that strangers may take
  std::uint64_t refused_ = 0;
};

}  // namespace dw
