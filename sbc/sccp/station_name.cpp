#include "sbc/sccp/station_name.hpp"

#include <algorithm>

#include "sbc/base/byte_reader.hpp"

namespace dw::sccp {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_plain(char c) {
  return is_digit(c) || is_letter(c) || c == '.' || c == '_' || c == '-';
}

bool begins(std::string_view name, std::string_view prefix) {
  return name.size() >= prefix.size() && std::ranges::equal(name.substr(0, prefix.size()), prefix, [](char a, char b) {
           return a == b || (is_letter(a) && (a ^ 0x20) == b);
         });
}

/// `prefix`, then exactly `hex` hex digits and `digits` decimal ones.
bool has_form(std::string_view name, std::string_view prefix, std::size_t hex, std::size_t digits) {
  if (!begins(name, prefix) || name.size() != prefix.size() + hex + digits) return false;
  const std::string_view body = name.substr(prefix.size());
  return std::ranges::all_of(body.substr(0, hex), is_hex) && std::ranges::all_of(body.substr(hex), is_digit);
}

}  // namespace

Result<std::string> station_name(Bytes payload, bool any) {
  ByteReader reader(payload);
  ByteReader field(reader.take(kNameOctets, "device name"));
  if (!reader.ok()) return std::unexpected(reader.error());
  const std::string_view name = field.text_to_nul(kNameOctets - 1, "device name");
  if (!field.ok()) return fail(Errc::malformed, "the device name has no end");
  if (name.empty()) return fail(Errc::malformed, "the device name is empty");
  if (!std::ranges::all_of(name, is_plain))
    return fail(Errc::forbidden, "the device name has characters that no phone has in its name");
  const bool known = has_form(name, "SEP", 12, 0) || has_form(name, "ATA", 12, 0) || has_form(name, "SPA", 12, 0) ||
                     has_form(name, "VGC", 10, 2) || has_form(name, "AN", 13, 0);
  if (!known && !any) return fail(Errc::forbidden, "the device name is of no form that a phone has");
  return std::string(name);
}

}  // namespace dw::sccp
