#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace dw {

/// Octets that somebody else owns.
using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;
/// Octets that are owned here.
using Buffer = std::vector<std::uint8_t>;

/// The only place that reinterprets characters as octets and back.
inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}
inline Buffer to_buffer(std::string_view text) {
  const Bytes octets = as_bytes(text);
  return {octets.begin(), octets.end()};
}

}  // namespace dw
