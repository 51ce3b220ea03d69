#pragma once
#include <cstdint>
#include <string_view>

namespace dw::sip {

/// The methods that a proxy treats differently, or that a phone's story names; every other one is `other`
/// and passes.
enum class Method : std::uint8_t {
  other,
  invite,
  ack,
  bye,
  cancel,
  register_,
  options,
  prack,
  update,
  info,
  refer,
  subscribe,
  notify,
  message,
  publish,
};
/// Exactly as it is spelled: methods are case-sensitive (RFC 3261 §7.1).
Method method_of(std::string_view token);
std::string_view to_string(Method method);  ///< "INVITE"; "?" for other

/// The header fields that we read or change; every other one is `other` and passes.
enum class FieldName : std::uint8_t {
  other,
  alert_info,
  authorization,
  call_id,
  contact,
  content_disposition,
  content_encoding,
  content_length,
  content_type,
  cseq,
  date,
  diversion,
  event,
  expires,
  from,
  max_breadth,
  max_forwards,
  min_expires,
  p_asserted_identity,
  p_preferred_identity,
  path,
  proxy_authenticate,
  proxy_authorization,
  proxy_require,
  reason,
  record_route,
  refer_to,
  referred_by,
  remote_party_id,
  reply_to,
  require,
  retry_after,
  route,
  server,
  service_route,
  session_expires,
  subscription_state,
  supported,
  to,
  unsupported,
  user_agent,
  via,
  www_authenticate,
};
/// In any case, long or compact (RFC 3261 §7.3.3, §20; RFC 3265, RFC 3515, RFC 3892).
FieldName field_name_of(std::string_view name);

}  // namespace dw::sip
