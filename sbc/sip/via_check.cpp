#include "sbc/sip/via_check.hpp"

#include <cstdint>

#include <fmt/format.h>

namespace dw::sip {
namespace {

/// FNV-1a: it shows that a text changed, nothing more.
std::uint32_t check_of(std::string_view a, std::string_view b) {
  std::uint32_t hash = 0x811c9dc5;
  for (const std::string_view part : {a, std::string_view("|"), b}) {
    for (const char c : part)
      hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x01000193;
  }
  return hash;
}

}  // namespace

std::string via_check(std::string_view sent_by, std::string_view contact) {
  return fmt::format("{:08x}", check_of(sent_by, contact));
}

std::optional<bool> is_unaltered(const Message& m) {
  const auto check = find_param(m.via().params, "dw");
  if (!check) return std::nullopt;
  return check->value == via_check(m.via().sent_by, contact_host(m));
}

std::string_view contact_host(const Message& m) {
  const Field* const field = m.find(FieldName::contact);
  if (!field) return {};
  std::string_view left = m.value(*field);
  const auto address = parse_name_addr(next_value(left).value_or(std::string_view{}));
  const auto uri = address ? parse_uri(address->uri) : fail(Errc::malformed, {});
  return uri ? uri->host_port : std::string_view{};
}

}  // namespace dw::sip
