#pragma once
#include <array>
#include <cstdint>
#include <string>

#include "sbc/base/bytes.hpp"

namespace dw::net {

using Sha256 = std::array<std::uint8_t, 32>;
Sha256 sha256(Bytes octets);
std::string to_hex(Bytes octets);  ///< lower case
/// How long it takes tells nothing of where they differ; their lengths are no secret.
bool equal_in_constant_time(Bytes a, Bytes b);

}  // namespace dw::net
