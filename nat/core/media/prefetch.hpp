#pragma once
#include <cstddef>
#include <cstdint>

namespace dw::nat {

/// Prefetches the memory from `begin` to `end`. A packet's stream is one of thousands and rarely in the cache, so it is
/// loaded while other work is done.
inline void prefetch(const void* begin, const void* end) {
  constexpr std::size_t kLine = 64;
  for (const auto* at = static_cast<const std::uint8_t*>(begin); at < end; at += kLine)
    __builtin_prefetch(at, 1);
}

}  // namespace dw::nat
