#include "sbc/sip/identity.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/text_cursor.hpp"

namespace dw::sip {
namespace {

/// Only a proxy within the trust domain writes these.
constexpr std::array<std::string_view, 21> kTrusted = {
    "P-Asserted-Identity",  // RFC 3325
    "P-Asserted-Service",   // RFC 6050
    "P-Associated-URI",     // RFC 7315, and the next ones
    "P-Called-Party-ID",
    "P-Charging-Function-Addresses",
    "P-Charging-Vector",
    "P-Visited-Network-ID",
    "P-Charge-Info",       // RFC 8496
    "P-DCS-Billing-Info",  // RFC 5503, and the next ones
    "P-DCS-LAES",
    "P-DCS-OSPS",
    "P-DCS-Redirect",
    "P-DCS-Trace-Party-ID",
    "P-Media-Authorization",         // RFC 3313
    "P-Private-Network-Indication",  // RFC 7316
    "P-Profile-Key",                 // RFC 5002
    "P-Served-User",                 // RFC 5502
    "P-User-Database",               // RFC 4457
    "History-Info",                  // RFC 7044
    "Path",                          // RFC 3327
    "Service-Route",                 // RFC 3608
};
/// RFC 3261 §19.1.5, and what routes.
constexpr std::array<std::string_view, 8> kNeverByUri = {"From",  "Call-ID", "CSeq",         "Via",
                                                         "Route", "Path",    "Record-Route", "Contact"};

/// Without these it is no message any more, or they are written here anyway.
bool is_needed(FieldName name) {
  switch (name) {
    case FieldName::via:
    case FieldName::from:
    case FieldName::to:
    case FieldName::call_id:
    case FieldName::cseq:
    case FieldName::contact:
    case FieldName::max_forwards:
    case FieldName::route:
    case FieldName::record_route:
    case FieldName::content_length:
    case FieldName::content_type:
    case FieldName::content_encoding:
    case FieldName::expires:
      return true;
    default:
      return false;
  }
}

bool is_in(const auto& names, std::string_view name) {
  return std::ranges::any_of(names, [&](std::string_view each) { return equal_ignoring_case(each, name); });
}

/// Remote-Party-ID and Diversion are a phone's to write, about itself: a value that names somebody else is taken out.
bool names_others(const Message& m, const Field& field, const IdentityRules::IsOwn& is_own) {
  std::string_view left = m.value(field);
  while (const auto value = next_value(left)) {
    const auto address = parse_name_addr(*value);
    const auto uri = address ? parse_uri(address->uri) : fail(Errc::malformed, {});
    if (!uri || uri->user.empty() || !is_own(uri->user)) return true;
  }
  return false;
}

std::string unescaped(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    const char small = lower(c);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    out += escape ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

}  // namespace

bool IdentityRules::removes(const Message& m, const Field& field, const IsOwn& is_own) const {
  if (field.name == FieldName::remote_party_id || field.name == FieldName::diversion)
    return !trust && names_others(m, field, is_own);
  const std::string_view name = m.name_of(field);
  if (!is_needed(field.name) && is_in(remove, name)) return true;
  if (trust) return false;
  // Its own access network may be named by a phone, but not in the network's name (RFC 7315 §5.4).
  if (equal_ignoring_case(name, "P-Access-Network-Info")) {
    std::string_view value = m.value(field);
    constexpr std::string_view kByNetwork = "network-provided";
    for (; value.size() >= kByNetwork.size(); value.remove_prefix(1)) {
      if (starts_with_ignoring_case(value, kByNetwork)) return true;
    }
    return false;
  }
  return is_in(kTrusted, name);
}

void IdentityRules::edit_uri_headers(const Uri& uri, Edits& edits) const {
  if (uri.headers.empty()) return;
  std::string kept;
  bool changed = false;
  std::string_view left = uri.headers.substr(1);
  while (!left.empty()) {
    const auto end = std::min(left.find('&'), left.size());
    const std::string_view pair = left.substr(0, end);
    const std::string name = unescaped(pair.substr(0, pair.find('=')));
    if (is_in(remove, name) || is_in(kNeverByUri, name) || (!trust && is_in(kTrusted, name))) {
      changed = true;
    } else {
      kept += kept.empty() ? '?' : '&';
      kept += pair;
    }
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  if (changed) edits.replace(uri.headers, kept);
}

bool wants_no_identity(const Message& m) {
  for (const Field& field : m.fields()) {
    if (!equal_ignoring_case(m.name_of(field), "Privacy")) continue;
    std::string_view left = m.value(field);
    while (!left.empty()) {
      const auto end = std::min(left.find(';'), left.size());
      if (equal_ignoring_case(trim(left.substr(0, end)), "id")) return true;
      left.remove_prefix(std::min(end + 1, left.size()));
    }
  }
  return false;
}

}  // namespace dw::sip
