#include "sbc/sip/names.hpp"

#include <array>

#include "sbc/base/text_cursor.hpp"

namespace dw::sip {
namespace {

constexpr std::array<std::string_view, 15> kMethods = {"?",        "INVITE",    "ACK",    "BYE",     "CANCEL",
                                                       "REGISTER", "OPTIONS",   "PRACK",  "UPDATE",  "INFO",
                                                       "REFER",    "SUBSCRIBE", "NOTIFY", "MESSAGE", "PUBLISH"};

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
    case 'x':
      return FieldName::session_expires;
    default:
      return FieldName::other;
  }
}

struct Spelled {
  std::string_view name;
  FieldName id;
};

/// By length, most frequent first; each length's begin stands in kBegins. Spelled as nearly everybody does.
constexpr Spelled kFields[] = {
    {"To", FieldName::to},
    {"Via", FieldName::via},
    {"From", FieldName::from},
    {"CSeq", FieldName::cseq},
    {"Date", FieldName::date},
    {"Path", FieldName::path},
    {"Route", FieldName::route},
    {"Event", FieldName::event},
    {"Reason", FieldName::reason},
    {"Server", FieldName::server},
    {"Call-ID", FieldName::call_id},
    {"Contact", FieldName::contact},
    {"Expires", FieldName::expires},
    {"Require", FieldName::require},
    {"Refer-To", FieldName::refer_to},
    {"Reply-To", FieldName::reply_to},
    {"Supported", FieldName::supported},
    {"Diversion", FieldName::diversion},
    {"User-Agent", FieldName::user_agent},
    {"Alert-Info", FieldName::alert_info},
    {"Max-Breadth", FieldName::max_breadth},
    {"Min-Expires", FieldName::min_expires},
    {"Referred-By", FieldName::referred_by},
    {"Retry-After", FieldName::retry_after},
    {"Unsupported", FieldName::unsupported},
    {"Max-Forwards", FieldName::max_forwards},
    {"Content-Type", FieldName::content_type},
    {"Record-Route", FieldName::record_route},
    {"Authorization", FieldName::authorization},
    {"Proxy-Require", FieldName::proxy_require},
    {"Service-Route", FieldName::service_route},
    {"Content-Length", FieldName::content_length},
    {"Session-Expires", FieldName::session_expires},
    {"Remote-Party-Id", FieldName::remote_party_id},
    {"Content-Encoding", FieldName::content_encoding},
    {"WWW-Authenticate", FieldName::www_authenticate},
    {"Proxy-Authenticate", FieldName::proxy_authenticate},
    {"Subscription-State", FieldName::subscription_state},
    {"Content-Disposition", FieldName::content_disposition},
    {"P-Asserted-Identity", FieldName::p_asserted_identity},
    {"Proxy-Authorization", FieldName::proxy_authorization},
    {"P-Preferred-Identity", FieldName::p_preferred_identity},
};
constexpr std::size_t kLongestName = 20;
constexpr std::array<std::uint8_t, kLongestName + 2> kBegins = [] {
  std::array<std::uint8_t, kLongestName + 2> begins{};
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
  if (name.empty() || name.size() > kLongestName) return FieldName::other;
  const char first = lower(name.front());
  for (std::size_t i = kBegins[name.size()]; i < kBegins[name.size() + 1]; ++i) {
    const std::string_view spelled = kFields[i].name;
    if (first != lower(spelled.front())) continue;
    if (name == spelled || equal_ignoring_case(name, spelled)) return kFields[i].id;
  }
  return FieldName::other;
}

}  // namespace dw::sip
