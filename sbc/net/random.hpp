#pragma once
#include <cstdint>

#include "sbc/base/bytes.hpp"

namespace dw::net {

/// 64 bits that nobody can guess (OpenSSL's generator, seeded by the system).
std::uint64_t random_u64();
/// The same, for secrets that are longer.
void random_octets(MutableBytes out);

}  // namespace dw::net
