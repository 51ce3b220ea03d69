#pragma once
#include "sbc/base/time.hpp"

namespace dw::sim {

// RFC 3261 Table 4.
inline constexpr Duration kT1 = std::chrono::milliseconds(500), kT2 = 8 * kT1, kT4 = 10 * kT1, kAll = 64 * kT1;
inline constexpr TimePoint kNever = TimePoint::max();

}  // namespace dw::sim
