#include "sbc/base/base64.hpp"

namespace dw {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string to_base64(Bytes octets) {
  std::string out;
  out.reserve((octets.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, octets.size() - i);
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k)
      word = word << 8U | (k < count ? octets[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      out += k <= count ? kAlphabet[word >> (18U - 6U * k) & 63U] : '=';
  }
  return out;
}

Result<Buffer> from_base64(std::string_view text) {
  Buffer out;
  if (text.size() % 4 != 0) return fail(Errc::malformed, "base64 of an odd length");
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t word = 0;
    std::size_t filled = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const char c = text[i + k];
      const std::size_t value = kAlphabet.find(c);
      const bool pad = c == '=' && i + 4 == text.size() && k >= 2;
      if ((value == kAlphabet.npos && !pad) || (!pad && filled != k)) return fail(Errc::malformed, "not base64", i + k);
      word = word << 6U | static_cast<std::uint32_t>(pad ? 0 : value);
      if (!pad) ++filled;
    }
    for (std::size_t k = 0; k + 1 < filled; ++k)
      out.push_back(static_cast<std::uint8_t>(word >> (16U - 8U * k)));
  }
  return out;
}

}  // namespace dw
