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

/// Who holds how much of something of which there is so much (connections, transactions, streams): each source has a
/// bound, an IPv6 site one of kSite times that, and a part of the whole is kept for those who are known, so that
/// strangers fill what is left and no more. Memory is bounded by `total`, work is constant. No I/O.
class FairShare {
 public:
  struct Options {
    std::size_t total = 0;
    std::size_t per_source = 0;        ///< of a stranger; 0: no bound but the whole
    std::size_t per_known_source = 0;  ///< of a known one; 0: likewise
    unsigned kept_for_known = 50;      ///< percent of the whole that no stranger takes
    friend bool operator==(const Options&, const Options&) = default;
  };
  enum class Verdict : std::uint8_t { granted, source, site, strangers, total };  ///< else: whose bound was met
  static constexpr std::size_t kSite = 4;

  FairShare(const Options& options, std::uint64_t seed);
  /// What is held stays held, also beyond new bounds.
  void configure(const Options& options) { options_ = options; }

  /// All of `amount` or nothing.
  Verdict take(const IpAddress& address, Standing standing, std::size_t amount = 1);
  /// What was granted, with the standing that it was granted for or promoted to.
  void give_back(const IpAddress& address, Standing standing, std::size_t amount = 1);
  /// It is worth more now: it registered. Never refused, what is held stays within `total`.
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

/// The setting or part that it stands for, for a log line: "source", "site", "strangers", "total"; empty for granted.
std::string_view to_string(FairShare::Verdict verdict);

/// Who may do something how often: each source at its rate, an IPv6 site at FairShare::kSite times that, all together
/// at `total`, of which a part is kept for those who are known. Bounded by kMaxSources, constant work. No I/O.
class FairRate {
 public:
  struct Options {
    double per_source = 1;         ///< a second, of a stranger
    double per_known_source = 1;   ///< of a known one
    double total = 0;              ///< of all; 0: no bound
    double burst = 5;              ///< seconds' worth that may come at once
    unsigned kept_for_known = 50;  ///< percent of `total`
    friend bool operator==(const Options&, const Options&) = default;
  };
  static constexpr std::size_t kMaxSources = 65'536;

  FairRate(const Options& options, std::uint64_t seed, std::size_t sources = kMaxSources);
  /// Buckets are full again where a rate changed.
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
  TokenBucket crowd_;       // of strangers who find no place of their own
  TokenBucket all_, rest_;  // rest_: what strangers may take of all
  std::uint64_t refused_ = 0;
};

}  // namespace dw
