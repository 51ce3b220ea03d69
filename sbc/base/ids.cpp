#include "sbc/base/ids.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/text_cursor.hpp"

namespace dw {
namespace {

constexpr std::size_t kMacDigits = 12;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'f'); }

std::string upper_hex(std::string_view digits) {
  std::string out(digits);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

}  // namespace

Result<DeviceName> DeviceName::parse(std::string_view text) {
  std::string digits;
  std::string_view body = starts_with_ignoring_case(text, "SEP") ? text.substr(3) : text;
  if (body.size() <= kMacDigits + 5) {
    for (const char c : body) {
      if (c != ':' && c != '-') digits += c;
    }
  }
  if (digits.size() != kMacDigits || !std::ranges::all_of(digits, is_hex))
    return fail(Errc::invalid, "not a phone's name (SEP and 12 hex digits): \"" + std::string(text.substr(0, 40)) + "\"");
  DeviceName out;
  out.name_ = "SEP" + upper_hex(digits);
  return out;
}

DeviceName DeviceName::in_file_name(std::string_view file) {
  constexpr std::array<std::string_view, 8> kPrefixes = {"CTLSEP", "ITLSEP", "SEP", "SIP", "WLAN", "gk", "ld", "ff"};
  if (const auto slash = file.rfind('/'); slash != file.npos) file = file.substr(slash + 1);
  for (const std::string_view prefix : kPrefixes) {
    if (!starts_with_ignoring_case(file, prefix)) continue;
    const std::string_view digits = file.substr(prefix.size(), kMacDigits);
    const std::string_view tail = file.substr(std::min(file.size(), prefix.size() + kMacDigits));
    if (digits.size() != kMacDigits || !std::ranges::all_of(digits, is_hex)) continue;
    if (!tail.empty() && tail.front() != '.') continue;
    DeviceName out;
    out.name_ = "SEP" + upper_hex(digits);
    return out;
  }
  return {};
}

std::string DeviceName::mac() const {
  std::string out;
  for (std::size_t i = 0; i < mac_digits().size(); ++i) {
    if (i != 0 && i % 2 == 0) out += ':';
    out += mac_digits()[i];
  }
  return out;
}

}  // namespace dw
