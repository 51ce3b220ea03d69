#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"
#include "sbc/base/token_bucket.hpp"

namespace dw::sip {

/// Who may send how much, and who is left without an answer for a while (sip-sbc §6.2). One entry for each
/// IPv4 address and each IPv6 /64. A source with registered phones is never banned, whoever shares its
/// address. No I/O.
class Guard {
 public:
  struct Options {
    double message_rate = 100;                ///< a second, of a source without registered phones
    double registered_message_rate = 1000;    ///< of one with some
    unsigned ban_after = 10;                  ///< offences
    Duration ban = std::chrono::minutes(10);  ///< the first one; doubles up to kLongestBan. Zero: never
    std::vector<std::string> scanners;        ///< words of a User-Agent that only scanners have
  };
  static constexpr std::size_t kMaxSources = 65'536;
  static constexpr Duration kForgiven = std::chrono::minutes(10);  ///< an offence is forgotten after this
  static constexpr Duration kLongestBan = std::chrono::hours(1);
  static constexpr double kBurst = 5;  ///< seconds' worth that may come at once

  struct Ban {
    IpAddress source;
    std::string reason;
    std::uint64_t offences = 0;
    TimePoint until{};
  };

  explicit Guard(Options options) : options_(std::move(options)) {}
  /// Bans that were imposed last as long as they were told; rates are forgotten where they changed.
  void configure(Options options);

  /// Whether a message may be looked at. `registered`: its source has phones that are.
  bool admits(TimePoint now, const IpAddress& source, bool registered);
  /// True: it is banned now and was not before.
  bool offence(TimePoint now, const IpAddress& source, std::string_view reason);
  bool is_scanner(std::string_view user_agent) const;
  std::vector<Ban> bans(TimePoint now) const;

  std::uint64_t limited() const { return limited_; }
  std::uint64_t ignored() const { return ignored_; }  ///< messages of banned sources
  std::uint64_t offences() const { return offences_; }

 private:
  struct Source {
    TokenBucket bucket;
    bool registered = false;
    std::uint64_t offences = 0;
    unsigned recent = 0;
    TimePoint last_offence{};
    TimePoint banned_until{};
    Duration ban{};
    std::string reason;
  };
  Source* source_of(TimePoint now, const IpAddress& address);
  void forget_quiet(TimePoint now);

  Options options_;
  std::unordered_map<IpAddress, Source> sources_;
  TokenBucket strangers_{1000, 1000};  ///< all that find no place of their own
  std::uint64_t limited_ = 0, ignored_ = 0, offences_ = 0;
};

}  // namespace dw::sip
