#include "tftp-proxy/core/file_name.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "sbc/base/escape.hpp"
#include "sbc/base/percent.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::provisioning {
namespace {

std::unexpected<Error> refuse(Errc code, std::string_view why, std::string_view raw) {
  return fail(code, fmt::format("{} (\"{}\")", why, escaped(raw)));
}

bool is_unprintable(char c) {
  const auto octet = static_cast<std::uint8_t>(c);
  return octet < 0x20 || octet > 0x7e;
}

/// "%2e", "%2F", "%00", "%25": refused, lest somebody further on decodes them.
bool hides_an_octet(std::string_view name) {
  for (std::size_t at = name.find('%'); at != name.npos; at = name.find('%', at + 1)) {
    if (at + 2 >= name.size()) return false;
    const int high = hex_digit(name[at + 1]);
    const int low = hex_digit(name[at + 2]);
    if (high < 0 || low < 0) continue;
    const char decoded = static_cast<char>(high * 16 + low);
    if (is_unprintable(decoded) || std::string_view("./\\:%").contains(decoded)) return true;
  }
  return false;
}

/// CON, COM1.txt and the like are devices to some servers, whatever is behind the dot.
bool is_dos_device(std::string_view segment) {
  constexpr std::array<std::string_view, 7> kDevices = {"con", "prn", "aux", "nul", "clock$", "conin$", "conout$"};
  const std::string_view stem = trim(segment.substr(0, segment.find('.')));
  if (std::ranges::any_of(kDevices, [&](auto device) { return equal_ignoring_case(stem, device); })) return true;
  if (stem.size() != 4 || stem[3] < '0' || stem[3] > '9') return false;
  return starts_with_ignoring_case(stem, "com") || starts_with_ignoring_case(stem, "lpt");
}

Result<std::string> join_segments(std::string_view path, std::string_view raw) {
  std::string out;
  TextCursor cursor(path);
  while (!cursor.at_end()) {
    const std::string_view segment = cursor.take_until("/");
    cursor.skip_char('/');
    if (segment.empty() || segment == ".") continue;
    if (segment.find_first_not_of(". ") == segment.npos)
      return refuse(Errc::forbidden, "the file name climbs out of the tree", raw);
    if (segment.front() == '.') return refuse(Errc::forbidden, "the file name names a hidden file", raw);
    if (is_dos_device(segment)) return refuse(Errc::forbidden, "the file name names a device", raw);
    if (!out.empty()) out += '/';
    out += segment;
  }
  return out;
}

}  // namespace

Result<std::string> parse_file_name(std::string_view raw) {
  if (raw.empty()) return refuse(Errc::malformed, "the file name is empty", raw);
  if (raw.size() > kMaxFileName)
    return refuse(Errc::too_long,
                  fmt::format("the file name has {} octets, at most {} are taken", raw.size(), kMaxFileName), raw);
  if (std::ranges::any_of(raw, is_unprintable))
    return refuse(Errc::forbidden, "the file name has octets that are not printable ASCII", raw);
  std::string path(raw);
  std::ranges::replace(path, '\\', '/');
  const bool to_share = path.starts_with("//") && raw.substr(0, 2).contains('\\');
  if (to_share) return refuse(Errc::forbidden, "the file name begins with a host", raw);
  if (path.contains(':')) return refuse(Errc::forbidden, "the file name has a drive letter or a scheme", raw);
  if (hides_an_octet(path)) return refuse(Errc::forbidden, "the file name hides an octet behind a percent sign", raw);
  auto name = join_segments(path, raw);
  if (!name) return name;
  if (name->empty() || path.ends_with('/')) return refuse(Errc::malformed, "the file name names a directory", raw);
  if (std::string_view("@?#~").contains(name->front()))
    return refuse(Errc::forbidden, "the file name begins with a character that means something in a URL", raw);
  return name;
}

std::string url_path(std::string_view file_name) {
  std::string out;
  for (const char c : file_name) {
    const bool plain =
        (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || std::string_view("-._~/").contains(c);
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<std::uint8_t>(c));
    }
  }
  return out;
}

std::string_view base_name(std::string_view file_name) {
  const auto slash = file_name.rfind('/');
  return slash == file_name.npos ? file_name : file_name.substr(slash + 1);
}

}  // namespace dw::provisioning
