#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/sip/edits.hpp"
#include "sbc/sip/flow.hpp"
#include "sbc/sip/identity.hpp"
#include "sbc/sip/message.hpp"

namespace dw::sip {

/// What a proxy refuses before it looks where a request goes: RFC 3261 §16.3, and what each request must
/// have. Nothing: it may go on. `reason` is for the status line.
std::optional<Fault> check_request(const Message& m);

/// The Via fields of a request that came over `flow`, as its responses have them: whole lines, the topmost
/// value with received when its sent-by is another address, and rport when it was asked for (RFC 3261
/// §18.2.1, RFC 3581 §4).
std::string via_lines(const Message& request, const Flow& flow);

/// The route set that Record-Route makes (RFC 3261 §12.1), as whole "Route: …" lines: of a request as it stands,
/// of a response backwards. Empty when it is longer than any that is kept.
std::string route_set(const Message& m);

/// Where responses to a request go by UDP (RFC 3261 §18.2.2, RFC 3581, sip-sbc §2.4). `at_via`: a phone
/// behind a router was found to listen at the port of its Via.
Endpoint answer_address(const Message& m, const Flow& flow, bool at_via);

/// Where whoever answered saw our request come from: rport and received of the topmost Via (RFC 3581 §4), its sent-by
/// where there is no received. Nothing: the answer does not say.
std::optional<Endpoint> seen_from(const Via& via);

/// A response of our own. `to_tag` is given to a To that has none; `lines` are further fields, each with CR
/// LF.
std::string make_response(const Message& request, const Flow& flow, std::uint16_t status, std::string_view reason,
                          std::string_view to_tag, std::string_view lines = {});
std::string_view reason_phrase(std::uint16_t status);  ///< of what we say ourselves

/// An ACK to a final response other than 2xx, or a CANCEL, for a request that we sent (RFC 3261 §9.1,
/// §17.1.1.3): its Request-URI, topmost Via, Route, From, Call-ID; `to` is the response's To for an ACK, the
/// request's for CANCEL. `fields`: whole lines that stand in it too.
std::string make_ack(const Message& sent, std::string_view to);
std::string make_cancel(const Message& sent, std::string_view fields);

/// What goes from end to end of a CANCEL that came: Reason (RFC 3326) and whatever else no hop writes itself, whole
/// lines. Its body is left out; of more than 4 KiB only Reason goes on. `rules`: it is a phone's.
std::string cancel_fields(const Message& cancel, const IdentityRules* rules);

}  // namespace dw::sip
