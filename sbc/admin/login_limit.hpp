#pragma once
#include <unordered_map>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/keyed_hash.hpp"
#include "sbc/base/time.hpp"

namespace dw::admin {

/// Slows down guessing: after kFree wrong passwords a source (an IPv4 address, or an IPv6 /64) must wait 1 s, 2 s, 4 s…
/// up to kLongest. After kFreeForAll wrong ones all sources together wait up to kLongestForAll, except those that
/// recently knew the password, so that nobody can lock the owner out. Wrong passwords are forgotten kForget after the
/// last one.
class LoginLimit {
 public:
  static constexpr unsigned kFree = 3, kFreeForAll = 20;
  static constexpr Duration kLongest = std::chrono::minutes(15);
  static constexpr Duration kLongestForAll = std::chrono::seconds(30);
  static constexpr Duration kForget = std::chrono::hours(1);
  static constexpr Duration kKnown = std::chrono::hours(24 * 30);
  /// The least recently seen one is evicted, and sources that knew the password last of all.
  static constexpr std::size_t kMaxSources = 4096;

  explicit LoginLimit(std::uint64_t seed) : sources_(0, KeyedHash(seed)) {}

  /// How long it must wait before the next try; 0: it may try now.
  Duration wait(TimePoint now, const IpAddress& source);
  void wrong(TimePoint now, const IpAddress& source);
  void right(TimePoint now, const IpAddress& source);
  std::size_t sources() const { return sources_.size(); }

 private:
  struct Record {
    unsigned wrong = 0;
    TimePoint last{}, until{}, known_until{};
    void add(TimePoint now, unsigned free, Duration longest);
  };
  Record& record_of(const IpAddress& source);

  std::unordered_map<IpAddress, Record, KeyedHash> sources_;
  Record all_;
};

}  // namespace dw::admin
