#pragma once
#include <cstdint>
#include <string_view>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"

namespace dw::net {

/// The cost of one guess (RFC 7914 §2): memory is 128·n·r octets, time is proportional to n·r·p.
struct ScryptCost {
  std::uint64_t n = std::uint64_t{1} << 15;  ///< a power of two
  std::uint32_t r = 8;
  std::uint32_t p = 1;
  friend bool operator==(const ScryptCost&, const ScryptCost&) = default;
};
inline constexpr std::uint64_t kMinScryptN = std::uint64_t{1} << 14;
inline constexpr std::uint64_t kMaxScryptMemory = std::uint64_t{128} << 20;  ///< octets
inline constexpr std::uint32_t kMaxScryptP = 8;

/// Errc::invalid for a cost beyond these limits.
Result<void> check_cost(const ScryptCost& cost);
/// Fills `out`. Takes tens of milliseconds and 32 MiB at the default cost, so don't call it on the loop's thread.
/// Errc::invalid as check_cost; Errc::system when there is not enough memory.
Result<void> scrypt(std::string_view password, Bytes salt, const ScryptCost& cost, MutableBytes out);

}  // namespace dw::net
