#pragma once
#include <cstdint>

#include "sbc/base/source.hpp"
#include "sbc/base/source_table.hpp"
#include "sbc/base/time.hpp"
#include "sbc/base/token_bucket.hpp"

namespace dw::sip {

/// Which registrations a server gets when there are too many: those of the lightest sources. The more a source has
/// registered lately, the fuller the server's token bucket must be for its next one. So heavy sources share what is
/// left in equal parts, and a source that registers now and then finds room. Most of the burst is kept for known
/// sources and for those that answer a challenge. Nothing waits here: what does not pass is refused. Constant work,
/// bounded by kMaxSources. No I/O.
class RegisterPace {
 public:
  static constexpr std::size_t kMaxSources = 65'536;
  static constexpr Duration kHalfLife = std::chrono::seconds(5);  ///< of what is remembered of a source
  static constexpr double kHeavy = 20;        ///< sent lately: such a stranger is halfway to the end of the line
  static constexpr double kKnownHeavy = 100;  ///< a known source is, as a whole office may come at once

  explicit RegisterPace(std::uint64_t seed) : sources_(kMaxSources, seed), sites_(kMaxSources / 8, seed + 1) {}

  /// `follows_up`: it answers a recent challenge, and goes first, as half a registration is useless.
  bool take(TimePoint now, TokenBucket& server, const IpAddress& address, Standing standing, bool follows_up);
  /// From 0, it has sent nothing lately, toward 1.
  double weight(TimePoint now, const IpAddress& address, Standing standing) const;
  std::size_t sources() const { return sources_.size(); }

 private:
  struct Load {
    double count = 0;
    TimePoint at{};
    double now_is(TimePoint now) const;
  };
  void note(TimePoint now, const IpAddress& address, Standing standing);

  SourceTable<IpAddress, Load> sources_, sites_;
};

}  // namespace dw::sip
