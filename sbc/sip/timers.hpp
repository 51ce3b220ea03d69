#pragma once
#include <chrono>

#include "sbc/base/time.hpp"

namespace dw::sip {

// RFC 3261 §17, Table 4.
inline constexpr Duration kT1 = std::chrono::milliseconds(500);
inline constexpr Duration kT2 = std::chrono::seconds(4);
inline constexpr Duration kT4 = std::chrono::seconds(5);
inline constexpr Duration kTransactionTimeout = 64 * kT1;  ///< timers B, F, H, J, L, M
inline constexpr Duration kHeardWithin = 4 * kT1 / 5;      ///< whoever hears an answer repeats its request no more
inline constexpr Duration kTimerD = std::chrono::seconds(32);
inline constexpr Duration kTimerC = std::chrono::seconds(240);  ///< "greater than 3 minutes" (§16.6 step 11)

inline constexpr TimePoint kNever = TimePoint::max();

}  // namespace dw::sip
