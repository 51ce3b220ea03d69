#pragma once
#include <cstdint>

#include "sbc/base/source_table.hpp"

namespace dw {

/// Which sources have proved what, and until when. One object for the whole daemon, which all servers update and query.
/// Bounded by kMaxSources; a proven source never evicts a registered one. No I/O.
class KnownSources {
 public:
  static constexpr std::size_t kMaxSources = 65'536;
  static constexpr Duration kProvenFor = std::chrono::hours(1);  ///< how long a handshake, transfer or digest counts

  explicit KnownSources(std::uint64_t seed) : sources_(kMaxSources, seed) {}

  /// `lasts`: for a registration, until it expires. A longer proof from before is kept.
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
