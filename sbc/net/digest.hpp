#pragma once
#include <array>
#include <cstdint>
#include <string>

#include "sbc/base/bytes.hpp"

namespace dw::net {

using Sha256 = std::array<std::uint8_t, 32>;
Sha256 sha256(Bytes octets);
std::string to_hex(Bytes octets);  ///< lower case
/// The time it takes depends only on the lengths, which are no secret, not on where the contents differ.
bool equal_in_constant_time(Bytes a, Bytes b);

}  // namespace dw::net
