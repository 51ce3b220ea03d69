#include "tftp-proxy/core/phone_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "sbc/base/escape.hpp"
#include "sbc/base/ids.hpp"
#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/device_file.hpp"

namespace dw::provisioning {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::size_t kMaxFields = 64;  ///< of a line that are looked at
constexpr std::size_t kMaxShown = 40;   ///< octets of a bad line

std::string_view unquoted(std::string_view field) {
  field = trim(field);
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"') field = trim(field.substr(1, field.size() - 2));
  return field;
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> out;
  while (out.size() < kMaxFields) {
    const std::size_t end = line.find_first_of(",;\t");
    out.push_back(unquoted(line.substr(0, end)));
    if (end == line.npos) break;
    line.remove_prefix(end + 1);
  }
  return out;
}

/// SEP, ATA, SPA and a MAC, or the MAC alone.
std::optional<std::string> with_mac(std::string_view field) {
  if (const auto named = DeviceName::parse(field)) return named->str();
  const auto station = DeviceName::station(field);
  if (!station) return std::nullopt;
  std::string key = device_key(field);
  const bool has_prefix = starts_with_ignoring_case(field, "ATA") || starts_with_ignoring_case(field, "SPA");
  return has_prefix && key.starts_with("SEP") ? std::optional(std::move(key)) : std::nullopt;
}

/// Nothing: it names none.
std::optional<std::string> device_in(const std::vector<std::string_view>& fields) {
  for (const std::string_view field : fields) {
    if (auto key = with_mac(field)) return key;
  }
  if (fields.size() > 1 || !DeviceName::station(fields.front())) return std::nullopt;
  return device_key(fields.front());
}

}  // namespace

Result<PhoneList> parse_phone_list(std::string_view text) {
  if (text.size() > kMaxPhoneListOctets)
    return fail(Errc::too_long, fmt::format("it has more than {} bytes", kMaxPhoneListOctets));
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  PhoneList out;
  bool first = true;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = trim(line.substr(0, line.find('#')));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const auto fields = fields_of(line);
    auto key = device_in(fields);
    if (!key && std::exchange(first, false) && fields.size() > 1) continue;
    first = false;
    if (!key)
      return fail(Errc::invalid,
                  fmt::format("line {} names no phone: \"{}\" (a name such as SEP001122334455, or a MAC)", number,
                              escaped(line.substr(0, kMaxShown))),
                  number);
    if (out.size() == kMaxListed && !out.contains(*key))
      return fail(Errc::too_long, fmt::format("line {}: more than {} phones", number, kMaxListed), number);
    out.insert(std::move(*key));
  }
  return out;
}

}  // namespace dw::provisioning
