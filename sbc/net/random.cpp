#include "sbc/net/random.hpp"

#include <openssl/rand.h>

#include <array>
#include <cstdlib>
#include <cstring>

namespace dw::net {

std::uint64_t random_u64() {
  // Drawn in blocks, as a call to the generator costs more than 64 bits do.
  thread_local std::array<unsigned char, 512> block;
  thread_local std::size_t used = block.size();
  if (used == block.size()) {
    if (RAND_bytes(block.data(), static_cast<int>(block.size())) != 1)
      std::abort();  // rather no process than a secret that can be guessed
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
