#include "tftp-proxy/core/device_file.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/ids.hpp"
#include "sbc/base/percent.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::provisioning {
namespace {

constexpr std::size_t kMacDigits = 12;

std::string raised(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

/// With each percent escape undone, and those that come of it, in one pass: an origin may decode more often than it
/// should.
std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name) {
    out += c == '\\' ? '/' : c;
    while (out.size() >= 3 && out[out.size() - 3] == '%') {
      const int high = hex_digit(out[out.size() - 2]);
      const int low = hex_digit(out[out.size() - 1]);
      if (high < 0 || low < 0) break;
      out.resize(out.size() - 3);
      out += static_cast<char>(high * 16 + low);
    }
  }
  return out;
}

/// Twelve hex digits, no more and no less but for letters in front that are of a prefix: ATA, SPA, ff. Empty: none.
std::string_view mac_in(std::string_view text) {
  constexpr std::size_t kMaxLetters = 3;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && hex_digit(text[end]) >= 0)
      ++end;
    if (end - at >= kMacDigits && end - at <= kMacDigits + kMaxLetters) {
      const std::string_view prefix = text.substr(at, end - at - kMacDigits);
      if (std::ranges::all_of(prefix, [](char c) { return lower(c) >= 'a'; }))
        return text.substr(end - kMacDigits, kMacDigits);
    }
    at = end + 1;
  }
  return {};
}

bool is_for_all(std::string_view base) {
  constexpr std::array<std::string_view, 12> kEnds = {".png", ".bmp", ".jpg", ".raw",  ".rwb", ".wav",
                                                      ".sbn", ".sb2", ".bin", ".sbin", ".zup", ".loads"};
  return std::ranges::any_of(kEnds, [&](std::string_view end) { return ends_with_ignoring_case(base, end); });
}

}  // namespace

std::string device_key(std::string_view device) {
  if (const auto named = DeviceName::parse(device)) return named->str();
  const std::string_view mac = mac_in(device);
  return mac.empty() ? raised(device) : "SEP" + raised(mac);
}

std::string device_of_file(std::string_view file) {
  const std::string name = plain(file);
  std::string_view base;
  for (std::string_view rest = name; !rest.empty();) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    base = rest.substr(0, slash);
    if (const DeviceName device = DeviceName::in_file_name(base); !device.empty()) return device_key(device.str());
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  if (is_for_all(base)) return {};
  for (std::string_view rest = name; !rest.empty();) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    if (const std::string_view mac = mac_in(rest.substr(0, slash)); !mac.empty()) return "SEP" + raised(mac);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  const std::string small = [&] {
    std::string out(base);
    std::ranges::transform(out, out.begin(), [](char c) { return lower(c); });
    return out;
  }();
  const std::size_t config = small.find(".cnf");
  if (config == small.npos || config == 0 || small.find("default") < config) return {};
  return raised(base.substr(0, config));
}

}  // namespace dw::provisioning
