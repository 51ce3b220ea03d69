#include "sbc/admin/phone_filter.hpp"

#include <algorithm>

#include "sbc/base/percent.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::admin {
namespace {

bool contains(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  return !std::ranges::search(text, word, same).empty();
}

/// "00112233" of "0011.2233", "00:11:22:33", "00-11-22-33", also of a part; empty when that is no piece of a MAC.
std::string mac_digits_in(std::string_view word) {
  std::string digits;
  for (const char c : word) {
    const bool in_fours = c == '.' && !digits.empty() && digits.size() % 4 == 0;  // or it would be an IPv4 address
    if (in_fours || c == ':' || c == '-') continue;
    if (hex_digit(c) < 0) return {};
    digits += c;
  }
  return digits.size() >= 4 && digits.size() != word.size() ? digits : std::string();
}

bool has_word(const phones::Phone& p, std::string_view word) {
  if (const std::string digits = mac_digits_in(word); !digits.empty() && contains(p.device.mac_digits(), digits)) return true;
  const std::string address = p.address ? p.address.to_string() : std::string();
  const std::string mac = p.device.empty() ? std::string() : p.device.mac();
  for (const std::string_view text :
       {std::string_view(p.device.str()), std::string_view(mac), std::string_view(address),
        std::string_view(p.model), std::string_view(p.firmware), std::string_view(p.server),
        std::string_view(p.user_agent)}) {
    if (contains(text, word)) return true;
  }
  return phones::to_string(p.protocol) == word ||
         std::ranges::any_of(p.lines, [&](const std::string& line) { return contains(line, word); });
}

}  // namespace

bool PhoneFilter::fits(const phones::Phone& phone) const {
  if (show == Show::registered && !phone.registered) return false;
  if (show == Show::unregistered && phone.registered) return false;
  for (TextCursor cursor(text); !cursor.at_end(); (void)cursor.skip_char(' ')) {
    const std::string_view word = cursor.take_until(" ");
    if (!word.empty() && !has_word(phone, word)) return false;
  }
  return true;
}

}  // namespace dw::admin
