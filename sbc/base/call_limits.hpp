#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/keyed_hash.hpp"
#include "sbc/base/time.hpp"
#include "sbc/base/token_bucket.hpp"

namespace dw {

/// How many calls a phone, and all phones of one address, may have at once and may start in a minute. The caller must
/// not ask for emergency calls (emergency.hpp). Each table is bounded by kMaxKept: when it is full, entries without
/// calls or recent attempts are dropped, and whoever still finds no room is not limited.
class CallLimits {
 public:
  struct Options {                                                  // 0: no limit
    std::uint32_t calls_per_phone = 0, calls_per_source = 0;        ///< at once
    std::uint32_t attempts_per_phone = 0, attempts_per_source = 0;  ///< per minute
    friend bool operator==(const Options&, const Options&) = default;
  };
  enum class Verdict : std::uint8_t { passes, phone_calls, phone_attempts, source_calls, source_attempts };
  static constexpr std::size_t kMaxKept = 65'536;

  /// `seed`: use a different one for each object, as strangers choose some of the names and addresses.
  CallLimits(const Options& options, std::uint64_t seed)
      : options_(options), phones_(KeyedHash(seed)), sources_(KeyedHash(seed + 1)) {}
  /// Running calls continue; attempts are counted from zero.
  void configure(const Options& options);

  /// Counts one attempt. Refused ones count too, so that retrying at once does not help.
  Verdict attempt(TimePoint now, std::string_view phone, const IpAddress& source);
  void began(TimePoint now, std::string_view phone, const IpAddress& source);
  void ended(std::string_view phone, const IpAddress& source);
  std::uint64_t refused() const { return refused_; }

 private:
  struct Load {
    std::uint32_t calls = 0;
    TokenBucket attempts{1, 1};
    TimePoint last{};
  };
  template <class Key>
  struct Loads {
    explicit Loads(const KeyedHash& hash) : by_key(0, hash) {}
    std::unordered_map<Key, Load, KeyedHash> by_key;
    TimePoint next_look{};  ///< when a full table is next searched for unused entries; not on each attempt
  };
  template <class Key>
  Load* load_of(TimePoint now, Loads<Key>& loads, const Key& key, std::uint32_t attempts);
  bool off() const { return options_ == Options{}; }

  Options options_;
  Loads<std::string> phones_;
  Loads<IpAddress> sources_;
  std::uint64_t refused_ = 0;
};

/// The name of the setting behind it, without its group: "calls_per_phone"; empty for passes.
std::string_view to_string(CallLimits::Verdict verdict);

}  // namespace dw
