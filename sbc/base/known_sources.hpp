#pragma once
#include <cstdint>

#include "sbc/base/source_table.hpp"

namespace dw {

/// Which sources have proved what, and until when: one for the whole daemon, which every door tells and asks. Bounded
/// by kMaxSources; a registered one is never pushed out by a proven one. No I/O.
class KnownSources {
 public:
  static constexpr std::size_t kMaxSources = 65'536;
  static constexpr Duration kProvenFor = std::chrono::hours(1);  ///< what a handshake, transfer or digest is good for

  explicit KnownSources(std::uint64_t seed) : sources_(kMaxSources, seed) {}

  /// `lasts`: a registration until it would expire. What was proved before for longer stays.
  void proved(TimePoint now, const IpAddress& address, Standing standing, Duration lasts = kProvenFor);
  Standing standing(TimePoint now, const IpAddress& address) const;
  bool known(TimePoint now, const IpAddress& address) const { return standing(now, address) != Standing::stranger; }
  std::size_t size() const { return sources_.size(); }
  std::size_t capacity() const { return sources_.capacity(); }

 private:
  struct Proof {
    TimePoint proven_until{}, registered_until{};
    Standing at(TimePoint now) const {
      return now < registered_until ? Standing::registered : now < proven_until ? Standing::proven : Standing::stranger;
    }
  };
  SourceTable<IpAddress, Proof> sources_;
};

}  // namespace dw
