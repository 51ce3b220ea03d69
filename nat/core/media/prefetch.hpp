#pragma once
#include <cstddef>
#include <cstdint>

namespace dw::nat {

/// Asks for the memory from `begin` to `end`, so that it comes while something else is done: a packet's stream is one
/// among thousands, and far from the processor.
inline void prefetch(const void* begin, const void* end) {
  constexpr std::size_t kLine = 64;
  for (const auto* at = static_cast<const std::uint8_t*>(begin); at < end; at += kLine)
    __builtin_prefetch(at, 1);
}

}  // namespace dw::nat
