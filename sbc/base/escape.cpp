#include "sbc/base/escape.hpp"

#include <cstdint>

#include <fmt/format.h>

namespace dw {
std::string escaped(std::string_view remote, std::size_t max) {
  std::string out;
  for (std::size_t i = 0; i < remote.size(); ++i) {
    if (out.size() >= max) return out + "…";
    const auto c = static_cast<std::uint8_t>(remote[i]);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20 || c > 0x7e) {
      out += fmt::format("\\x{:02x}", c);
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

}  // namespace dw
