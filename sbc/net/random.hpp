#pragma once
#include <cstdint>

#include "sbc/base/bytes.hpp"

namespace dw::net {

/// 64 bits that can't be guessed (OpenSSL's generator, seeded by the system).
std::uint64_t random_u64();
/// The same, for longer secrets.
void random_octets(MutableBytes out);

}  // namespace dw::net
