#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "sbc/base/time.hpp"

namespace dw::nat {

/// Even ports of a range; each stands for itself (RTP) and the next port (RTCP). The least recently used is taken
/// first. A returned pair stays in quarantine for kQuarantine, so that late packets of an old call can't reach a new
/// one. The order is shuffled at the start, as a guessable port invites injection. The first pairs of the range may be
/// set aside for callers that ask for a port by number; anybody else gets them only when no other is left.
class PortPool {
 public:
  static constexpr Duration kQuarantine = std::chrono::seconds(10);

  /// The number of pairs in a range.
  static constexpr std::size_t pairs(std::uint16_t first, std::uint16_t last) {
    const unsigned even = first + first % 2U;
    return last > even ? (last - even + 1) / 2 : 0;
  }
  /// `first` and `last` are included; an odd first port or an unpaired last one is left out. `seed` must be random.
  PortPool(std::uint16_t first, std::uint16_t last, std::uint64_t seed, std::size_t set_aside = 0);
  /// Changes the range. Ports in use stay in use; those outside the new range are not taken again once they come back.
  /// Not allowed while pairs are set aside: the router has mapped them.
  void configure(std::uint16_t first, std::uint16_t last, std::uint64_t seed);

  /// Nothing: all are taken or in quarantine.
  std::optional<std::uint16_t> take(TimePoint now);
  /// Takes this port, if it is set aside, free, and out of quarantine.
  bool take(TimePoint now, std::uint16_t port);
  void give_back(TimePoint now, std::uint16_t port);

  std::size_t size() const { return pairs(first_, last_); }
  std::size_t in_use() const { return in_use_; }
  /// This port, or the other one of its pair.
  bool is_taken(std::uint16_t port) const { return taken_[port / 2]; }

 private:
  struct Free {
    std::uint16_t port;
    TimePoint usable;
  };
  bool in_range(std::uint16_t port) const { return port >= first_ && port < last_; }
  /// Its index in set_aside_; nothing for other ports.
  std::optional<std::size_t> aside(std::uint16_t port) const;
  static constexpr std::size_t kAllPairs = 32'768;

  std::uint16_t first_ = 0, last_ = 0;
  std::deque<Free> free_;
  std::vector<bool> taken_ = std::vector<bool>(kAllPairs);  // indexed by half the port
  std::vector<TimePoint> set_aside_;                        ///< from when each of the first pairs can be used
  std::size_t in_use_ = 0;
};

}  // namespace dw::nat
