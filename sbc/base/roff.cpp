#include "sbc/base/roff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dw {
namespace {

struct Letter {
  std::string_view utf8, roff;
};
constexpr std::array kLetters = {Letter{"…", "..."},   Letter{"→", "\\(->"}, Letter{"–", "\\(en"},
                                 Letter{"§", "\\(sc"}, Letter{"µ", "\\(mc"}, Letter{"×", "\\(mu"}};

/// The multi-octet character at the start of `text`; octets that are not UTF-8 give '?'.
struct Wide {
  std::size_t octets = 1;
  unsigned value = '?';
};
Wide wide(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t octets = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  if (octets == 1 || text.size() < octets) return {};
  unsigned value = first & (0xffU >> (octets + 1));
  for (const char c : text.substr(1, octets - 1)) {
    if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80) return {};
    value = value << 6U | (static_cast<unsigned char>(c) & 0x3fU);
  }
  return {octets, value};
}

}  // namespace

std::string roff(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    const auto letter = std::ranges::find_if(kLetters, [&](const Letter& l) { return text.starts_with(l.utf8); });
    if (letter != kLetters.end()) {
      if (out.empty() && letter->roff.front() == '.') out += "\\&";
      out += letter->roff;
      text.remove_prefix(letter->utf8.size());
      continue;
    }
    if (static_cast<unsigned char>(c) > 0x7e) {
      const Wide other = wide(text);
      out += other.value == '?' ? "?" : fmt::format("\\[u{:04X}]", other.value);
      text.remove_prefix(other.octets);
      continue;
    }
    if (out.empty() && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else {
      if (c == '-') out += '\\';
      out += c;
    }
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace dw
