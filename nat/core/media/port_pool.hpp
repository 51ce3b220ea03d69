#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "sbc/base/time.hpp"

namespace dw::nat {

/// Even ports of a range, each standing for itself (RTP) and the next (RTCP). Those not used for longest go out
/// first, and one that came back rests for kQuarantine, so that late packets of an old call never meet a new one.
/// Shuffled at the start: a guessable port invites injection. The first pairs of the range may be set aside for those
/// who ask for them by number; when nothing else is left, they go to anybody.
class PortPool {
 public:
  static constexpr Duration kQuarantine = std::chrono::seconds(10);

  /// How many pairs a range has.
  static constexpr std::size_t pairs(std::uint16_t first, std::uint16_t last) {
    const unsigned even = first + first % 2U;
    return last > even ? (last - even + 1) / 2 : 0;
  }
  /// `first` and `last` included; an odd first or a lone last is left out. `seed` from the system's randomness.
  PortPool(std::uint16_t first, std::uint16_t last, std::uint64_t seed, std::size_t set_aside = 0);
  /// Another range. Ports in use stay in use, and those outside it are not taken again once they come back. Not with
  /// pairs set aside: the router maps them where they are.
  void configure(std::uint16_t first, std::uint16_t last, std::uint64_t seed);

  /// Nothing when all are taken or resting.
  std::optional<std::uint16_t> take(TimePoint now);
  /// This one, if it is free and has rested; of those that were set aside alone.
  bool take(TimePoint now, std::uint16_t port);
  void give_back(TimePoint now, std::uint16_t port);

  std::size_t size() const { return pairs(first_, last_); }
  std::size_t in_use() const { return in_use_; }
  /// This port or the one that it makes a pair with.
  bool is_taken(std::uint16_t port) const { return taken_[port / 2]; }

 private:
  struct Free {
    std::uint16_t port;
    TimePoint usable;
  };
  bool in_range(std::uint16_t port) const { return port >= first_ && port < last_; }
  /// Where it is in set_aside_; nothing for another port.
  std::optional<std::size_t> aside(std::uint16_t port) const;
  static constexpr std::size_t kAllPairs = 32'768;

  std::uint16_t first_ = 0, last_ = 0;
  std::deque<Free> free_;
  std::vector<bool> taken_ = std::vector<bool>(kAllPairs);  // by half the port
  std::vector<TimePoint> set_aside_;                        ///< when each of the first pairs is usable
  std::size_t in_use_ = 0;
};

}  // namespace dw::nat
