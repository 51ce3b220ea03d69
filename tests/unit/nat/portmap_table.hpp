#pragma once
#include <doctest/doctest.h>

#include "nat/core/portmap/mappings.hpp"

namespace dw::nat::portmap::tables {

using namespace std::chrono_literals;

/// Mappings of some ports, with chance in the middle of its range: a jittered
/// duration is as long as it is without.
struct Table {
  explicit Table(std::vector<Wanted> wanted) : mappings(wanted, {1h, [] { return std::uint64_t{100}; }}) {
    for (auto& entry : mappings.entries)
      entry.nonce[0] = static_cast<std::uint8_t>(mappings.at(entry) + 1);
    mappings.begin(now);
  }

  TimePoint now = TimePoint{} + 1h;
  Mappings mappings;
  Actions actions;
};

inline const Wanted kWantedSip{Transport::udp, 5060, false, false};
inline const Wanted kWantedRtp{Transport::udp, 20000, false, false}, kWantedRtcp{Transport::udp, 20001, true, false};
inline const IpAddress kRouterOutside = IpAddress::v4(0xcb007107);  // 203.0.113.7

}  // namespace dw::nat::portmap::tables
