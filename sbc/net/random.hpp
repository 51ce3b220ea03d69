#pragma once
#include <cstdint>

namespace dw::net {

/// 64 bits that nobody can guess (OpenSSL's generator, seeded by the system).
std::uint64_t random_u64();

}  // namespace dw::net
