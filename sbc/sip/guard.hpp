#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/fair_share.hpp"
#include "sbc/base/source.hpp"
#include "sbc/base/source_table.hpp"
#include "sbc/base/time.hpp"
#include "sbc/sip/flow.hpp"

namespace dw::sip {

/// Who may send how much, and who is left without an answer for a while (sip-sbc §6.2). A UDP source may be forged:
/// what comes by UDP is counted apart from what comes over connections and limits nothing but UDP, and whoever is known
/// is never banned for it. A source with registered phones is never banned at all, whoever shares its address. Constant
/// work for each message, whatever its source. No I/O.
class Guard {
 public:
  struct Options {
    double message_rate = 100;                ///< a second, of a stranger
    double registered_message_rate = 1000;    ///< of a source that is known
    unsigned ban_after = 10;                  ///< abuses
    Duration ban = std::chrono::minutes(10);  ///< the first one; doubles up to kLongestBan. Zero: never
    std::vector<std::string> scanners;        ///< words of a User-Agent that only scanners have
    friend bool operator==(const Options&, const Options&) = default;
  };
  static constexpr std::size_t kMaxSources = 65'536, kMaxStreamSources = 16'384;  ///< by UDP, and over connections
  static constexpr Duration kForgiven = std::chrono::minutes(10);                 ///< an abuse is forgotten after this
  static constexpr Duration kLongestBan = std::chrono::hours(1);
  static constexpr double kBurst = 5;  ///< seconds' worth that may come at once

  struct Ban {
    IpAddress source;
    std::string reason;
    std::uint64_t abuses = 0;
    TimePoint until{};
  };

  Guard(Options options, std::uint64_t seed);
  /// A ban lasts as long as it was imposed for; rates are forgotten where they changed.
  void configure(Options options);

  /// Whether a message may be looked at.
  bool admits(TimePoint now, const Flow& from, Standing standing);
  /// True: it is banned now and was not before.
  bool abuse(TimePoint now, const Flow& from, Standing standing, std::string_view reason);
  bool is_scanner(std::string_view user_agent) const;
  std::vector<Ban> bans(TimePoint now) const;

  std::uint64_t limited() const { return udp_.rate.refused() + stream_.rate.refused(); }
  std::uint64_t ignored() const { return ignored_; }  ///< messages of banned sources
  std::uint64_t abuses() const { return abuses_; }
  std::size_t sources() const { return udp_.rate.size() + stream_.rate.size(); }

 private:
  struct Record {
    std::uint64_t abuses = 0;
    unsigned recent = 0;
    TimePoint last_abuse{};
    TimePoint banned_until{};
    Duration ban{};
    std::string reason;
  };
  struct Way {
    FairRate rate;
    SourceTable<IpAddress, Record> records;  ///< of those who abused it
  };
  Way& way_of(const Flow& from) { return from.transport == Transport::udp ? udp_ : stream_; }
  static bool may_ban(const Flow& from, Standing standing);
  static FairRate::Options rates(const Options& options);

  Options options_;
  Way udp_, stream_;
  std::uint64_t ignored_ = 0, abuses_ = 0;
};

}  // namespace dw::sip
