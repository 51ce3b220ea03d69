#include "sbc/net/random.hpp"

#include <openssl/rand.h>

#include <array>
#include <cstdlib>
#include <cstring>

namespace dw::net {

std::uint64_t random_u64() {
  // Drawn in blocks: one call of the generator costs more than the 64 bits.
  thread_local std::array<unsigned char, 512> block;
  thread_local std::size_t used = block.size();
  if (used == block.size()) {
    if (RAND_bytes(block.data(), static_cast<int>(block.size())) != 1)
      std::abort();  // no secret is better than a known one
    used = 0;
  }
  std::uint64_t out = 0;
  std::memcpy(&out, block.data() + used, sizeof out);
  used += sizeof out;
  return out;
}

void random_octets(MutableBytes out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) std::abort();
}

}  // namespace dw::net
