#include "sbc/sip/names.hpp"

#include <array>

#include "sbc/base/text_cursor.hpp"

namespace dw::sip {
namespace {

constexpr std::array<std::string_view, 15> kMethods = {
    "?",      "INVITE", "ACK",   "BYE",       "CANCEL", "REGISTER", "OPTIONS", "PRACK",
    "UPDATE", "INFO",   "REFER", "SUBSCRIBE", "NOTIFY", "MESSAGE",  "PUBLISH"};

FieldName compact(char letter) {
  switch (lower(letter)) {
    case 'b':
      return FieldName::referred_by;
    case 'c':
      return FieldName::content_type;
    case 'e':
      return FieldName::content_encoding;
    case 'f':
      return FieldName::from;
    case 'i':
      return FieldName::call_id;
    case 'k':
      return FieldName::supported;
    case 'l':
      return FieldName::content_length;
    case 'm':
      return FieldName::contact;
    case 'o':
      return FieldName::event;
    case 'r':
      return FieldName::refer_to;
    case 't':
      return FieldName::to;
    case 'v':
      return FieldName::via;
    default:
      return FieldName::other;
  }
}

struct Spelled {
  std::string_view name;
  FieldName id;
};

/// By length, most frequent first; each length's begin stands in kBegins.
constexpr Spelled kFields[] = {
    {"to", FieldName::to},
    {"via", FieldName::via},
    {"from", FieldName::from},
    {"cseq", FieldName::cseq},
    {"date", FieldName::date},
    {"path", FieldName::path},
    {"route", FieldName::route},
    {"event", FieldName::event},
    {"reason", FieldName::reason},
    {"server", FieldName::server},
    {"call-id", FieldName::call_id},
    {"contact", FieldName::contact},
    {"expires", FieldName::expires},
    {"require", FieldName::require},
    {"refer-to", FieldName::refer_to},
    {"reply-to", FieldName::reply_to},
    {"supported", FieldName::supported},
    {"diversion", FieldName::diversion},
    {"user-agent", FieldName::user_agent},
    {"alert-info", FieldName::alert_info},
    {"min-expires", FieldName::min_expires},
    {"referred-by", FieldName::referred_by},
    {"retry-after", FieldName::retry_after},
    {"unsupported", FieldName::unsupported},
    {"max-forwards", FieldName::max_forwards},
    {"content-type", FieldName::content_type},
    {"record-route", FieldName::record_route},
    {"authorization", FieldName::authorization},
    {"proxy-require", FieldName::proxy_require},
    {"service-route", FieldName::service_route},
    {"content-length", FieldName::content_length},
    {"remote-party-id", FieldName::remote_party_id},
    {"content-encoding", FieldName::content_encoding},
    {"www-authenticate", FieldName::www_authenticate},
    {"proxy-authenticate", FieldName::proxy_authenticate},
    {"subscription-state", FieldName::subscription_state},
    {"content-disposition", FieldName::content_disposition},
    {"p-asserted-identity", FieldName::p_asserted_identity},
    {"proxy-authorization", FieldName::proxy_authorization},
    {"p-preferred-identity", FieldName::p_preferred_identity},
};
constexpr std::size_t kLongest = 20;
constexpr std::array<std::uint8_t, kLongest + 2> kBegins = [] {
  std::array<std::uint8_t, kLongest + 2> begins{};
  for (const Spelled& field : kFields) {
    for (std::size_t n = field.name.size() + 1; n < begins.size(); ++n)
      ++begins[n];
  }
  return begins;
}();

}  // namespace

Method method_of(std::string_view token) {
  for (std::size_t i = 1; i < kMethods.size(); ++i) {
    if (token == kMethods[i]) return static_cast<Method>(i);
  }
  return Method::other;
}

std::string_view to_string(Method method) {
  return kMethods[static_cast<std::size_t>(method)];
}

FieldName field_name_of(std::string_view name) {
  if (name.size() == 1) return compact(name.front());
  if (name.empty() || name.size() > kLongest) return FieldName::other;
  const char first = lower(name.front());
  for (std::size_t i = kBegins[name.size()]; i < kBegins[name.size() + 1]; ++i) {
    if (first == kFields[i].name.front() && equal_ignoring_case(name, kFields[i].name)) return kFields[i].id;
  }
  return FieldName::other;
}

}  // namespace dw::sip
