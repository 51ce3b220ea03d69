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

/// How many calls a phone, and all phones of one address, may begin: at once, and in a minute. Who calls for help is
/// not to be asked of it (emergency.hpp). Bounded by kMaxKept of each: beyond, those that called longest ago start
/// over.
class CallLimits {
 public:
  struct Options {                                                  // 0: no limit
    std::uint32_t calls_per_phone = 0, calls_per_source = 0;        ///< at once
    std::uint32_t attempts_per_phone = 0, attempts_per_source = 0;  ///< a minute
    friend bool operator==(const Options&, const Options&) = default;
  };
  enum class Verdict : std::uint8_t { passes, phone_calls, phone_attempts, source_calls, source_attempts };
  static constexpr std::size_t kMaxKept = 65'536;

  /// `seed`: nobody else's, as strangers choose some of the names and addresses.
  CallLimits(const Options& options, std::uint64_t seed)
      : options_(options), phones_(KeyedHash(seed)), sources_(KeyedHash(seed + 1)) {}
  /// Calls that run go on; attempts are counted from now.
  void configure(const Options& options);

  /// One attempt. What does not pass counts too, as whoever tries again at once shall not get through by that.
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
    TimePoint next_look{};  ///< a full table is looked through for what is over once in a while, not for each attempt
  };
  template <class Key>
  Load* load_of(TimePoint now, Loads<Key>& loads, const Key& key, std::uint32_t attempts);
  bool off() const { return options_ == Options{}; }

  Options options_;
  Loads<std::string> phones_;
  Loads<IpAddress> sources_;
  std::uint64_t refused_ = 0;
};

/// The setting that it stands for, without its group: "calls_per_phone"; empty for passes.
std::string_view to_string(CallLimits::Verdict verdict);

}  // namespace dw
