#include "sbc/admin/phone_filter.hpp"

#include <algorithm>

#include "sbc/base/text_cursor.hpp"

namespace dw::admin {
namespace {

bool contains(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  return !std::ranges::search(text, word, same).empty();
}

bool has_word(const phones::Phone& p, std::string_view word) {
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
