#include "sbc/base/ids.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw {
namespace {

constexpr std::size_t kMacDigits = 12;

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'f');
}

std::string upper_hex(std::string_view digits) {
  std::string out(digits);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

bool may_be_in_name(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

constexpr std::string_view kConfigEnding = ".cnf.xml";

/// Three letters and twelve hex digits, which are most often a MAC address.
bool has_mac(std::string_view text) {
  constexpr std::array<std::string_view, 3> kPrefixes = {"SEP", "ATA", "SPA"};
  return text.size() == 3 + kMacDigits && std::ranges::all_of(text.substr(3), is_hex) &&
         std::ranges::any_of(kPrefixes, [&](std::string_view p) { return starts_with_ignoring_case(text, p); });
}

}  // namespace

Result<DeviceName> DeviceName::parse(std::string_view text) {
  std::string digits;
  std::string_view body = starts_with_ignoring_case(text, "SEP") ? text.substr(3) : text;
  const bool in_fours =
      body.size() == kMacDigits + 2 && body[4] == '.' && body[9] == '.';  // 0011.2233.4455, Cisco's notation
  if (body.size() <= kMacDigits + 5) {
    for (const char c : body) {
      if (c != ':' && c != '-' && !(in_fours && c == '.')) digits += c;
    }
  }
  if (digits.size() != kMacDigits || !std::ranges::all_of(digits, is_hex))
    return fail(Errc::invalid,
                "not a phone's name (SEP and 12 hex digits): \"" + std::string(text.substr(0, 40)) + "\"");
  DeviceName out;
  out.name_ = "SEP" + upper_hex(digits);
  return out;
}

Result<DeviceName> DeviceName::station(std::string_view text) {
  const bool allowed = !text.empty() && text.size() <= kMaxStation && std::ranges::all_of(text, may_be_in_name);
  if (!allowed || IpAddress::parse(text))
    return fail(Errc::invalid, "not a device name: \"" + std::string(text.substr(0, 40)) + "\"");
  DeviceName out;
  out.name_ = text;
  if (has_mac(text)) {
    std::ranges::transform(out.name_, out.name_.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  }
  return out;
}

DeviceName DeviceName::in_file_name(std::string_view file) {
  struct Form {
    std::string_view prefix, device;
  };
  constexpr std::array<Form, 12> kForms = {{{"CTLSEP", "SEP"},
                                            {"ITLSEP", "SEP"},
                                            {"CTLATA", "ATA"},
                                            {"ITLATA", "ATA"},
                                            {"SEP", "SEP"},
                                            {"SIP", "SEP"},
                                            {"WLAN", "SEP"},
                                            {"gk", "SEP"},
                                            {"ld", "SEP"},
                                            {"ff", "SEP"},
                                            {"ATA", "ATA"},
                                            {"SPA", "SPA"}}};
  if (const auto slash = file.rfind('/'); slash != file.npos) file = file.substr(slash + 1);
  for (const Form& form : kForms) {
    if (!starts_with_ignoring_case(file, form.prefix)) continue;
    const std::string_view digits = file.substr(form.prefix.size(), kMacDigits);
    const std::string_view tail = file.substr(std::min(file.size(), form.prefix.size() + kMacDigits));
    if (digits.size() != kMacDigits || !std::ranges::all_of(digits, is_hex)) continue;
    if (!tail.empty() && tail.front() != '.') continue;
    DeviceName out;
    out.name_ = std::string(form.device) + upper_hex(digits);
    return out;
  }
  // Softphones and gateway ports have names of their own; their configuration files are named after them too.
  for (const std::string_view ending : {".sgn", ".enc"}) {
    if (ends_with_ignoring_case(file, ending)) file.remove_suffix(ending.size());
  }
  if (!ends_with_ignoring_case(file, kConfigEnding)) return {};
  file.remove_suffix(kConfigEnding.size());
  if (ends_with_ignoring_case(file, "Default") || starts_with_ignoring_case(file, "SEP")) return {};
  return station(file).value_or(DeviceName());
}

std::string_view DeviceName::mac_digits() const {
  const std::string_view name(name_);
  return name.starts_with("SEP") && has_mac(name) ? name.substr(3) : std::string_view();
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
