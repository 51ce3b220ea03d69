#include "sbc/sip/admission.hpp"

#include <fmt/format.h>

#include "sbc/base/emergency.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/events.hpp"
#include "sbc/sip/probe.hpp"
#include "sbc/sip/response.hpp"
#include "sbc/sip/via_check.hpp"

namespace dw::sip {
namespace {

constexpr std::string_view kOptionsLines =
    "Accept: application/sdp\r\n"
    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, INFO, REFER, SUBSCRIBE, NOTIFY, "
    "MESSAGE, "
    "PUBLISH\r\n";

}  // namespace

Admission::Admission(const Parts& parts)
    : options_(parts.options),
      bindings_(parts.bindings),
      dialogs_(parts.dialogs),
      calls_(parts.calls),
      homes_(parts.homes),
      identifiers_(parts.identifiers),
      sources_(parts.sources),
      responder_(parts.responder),
      counters_(parts.counters) {}

bool Admission::may_pass(TimePoint now, const Flow& from, Side side, const Message& m, Output& out) {
  const bool known = side == Side::central || bindings_.knows_source(from.peer.address);
  if (refuses_fault(now, from, known, m, out)) return false;
  const bool options = m.method() == Method::options;
  const auto& uri = m.uri();
  const bool for_us = options && m.to_tag().empty() && uri->is_sip() && uri->user.empty();
  if (for_us && is_probe(m)) {
    if (probe_answers_.take(now)) responder_.answer(now, m, from, 200, out, probe_lines(m));
    return false;
  }
  if (options && side == Side::access && !known && !sources_.takes_unregistered(from)) {
    // An edge asks before any phone of it is registered; others hear nothing, and those that look for phones
    // are remembered.
    if (for_us && is_unaltered(m) == true)
      responder_.answer(now, m, from, 200, out, kOptionsLines);
    else if (!for_us)
      sources_.abuse(now, from, "OPTIONS of a stranger", out);
    return false;
  }
  if (for_us || (options && m.max_forwards() == 0u)) {
    responder_.answer(now, m, from, 200, out, kOptionsLines);
    return false;
  }
  if (m.max_forwards() == 0u) {
    responder_.answer(now, m, from, 483, out);
    return false;
  }
  // RFC 5393 §5.3.3: what goes on is one branch, with the value as it came; 0 allows none.
  if (const Field* const breadth = m.find(FieldName::max_breadth);
      breadth && parse_number(m.value(*breadth), 0) == 0u) {
    responder_.answer(now, m, from, 440, out, {}, "Max-Breadth Exceeded");
    return false;
  }
  if (identifiers_.is_loop(m, other(side))) {
    responder_.answer(now, m, from, 482, out);
    return false;
  }
  return true;
}

/// A request that is understood so far that it can be answered, and no further.
bool Admission::refuses_fault(TimePoint now, const Flow& from, bool known, const Message& m, Output& out) {
  const auto fault = check_request(m);
  if (!fault) return false;
  ++counters_.malformed;
  const std::string lines = fault->status == 420
                                ? "Unsupported: " + std::string(m.value_of(FieldName::proxy_require)) + "\r\n"
                                : std::string();
  if (known || sources_.takes_unregistered(from)) {
    responder_.answer(now, m, from, fault->status, out, lines, fault->reason);
  } else {
    sources_.abuse(now, from, fault->reason, out);
  }
  out.events.push_back(event_of(Event::Kind::dropped, from, std::string(fault->reason)));
  return true;
}

bool Admission::may_begin(TimePoint now, const Flow& from, const Message& m, const Binding* binding,
                          const DialogSet* again, bool emergency, Output& out) {
  const bool known = bindings_.knows_source(from.peer.address);
  if (!known && !sources_.takes_unregistered(from)) {
    if (m.method() == Method::invite) responder_.answer(now, m, from, 403, out);
    sources_.abuse(now, from, fmt::format("{} without a registration", m.method_text().substr(0, 32)), out);
    return false;
  }
  if (emergency) return true;
  if (draining_) {
    responder_.answer(now, m, from, 503, out, "Retry-After: 5\r\n");
    return false;
  }
  if (m.method() == Method::invite && dialogs_.calls() >= options_.max_calls) {
    responder_.answer(now, m, from, 503, out, "Retry-After: 10\r\n");
    out.events.push_back(event_of(Event::Kind::dropped, from, "access.sip.max_calls"));
    return false;
  }
  return m.method() != Method::invite || !calls_too_much(now, from, m, binding, again, out);
}

/// Its line or its address calls more than it may.
bool Admission::calls_too_much(TimePoint now, const Flow& from, const Message& m, const Binding* binding,
                               const DialogSet* again, Output& out) {
  const auto verdict = calls_.attempt(now, m, from, binding, again,
                                      binding ? std::string_view(homes_.domain_of(*binding)) : std::string_view{});
  if (verdict == CallLimits::Verdict::passes) return false;
  responder_.answer(now, m, from, 503, out, "Retry-After: 30\r\n", "Too Many Calls");
  Event event = event_of(Event::Kind::call_refused, from, binding);
  if (const auto& uri = m.from_uri(); !binding && uri) event.aor = plain_user(uri->user);
  event.flow = from;
  event.text = fmt::format("access.sip.{}", to_string(verdict));
  out.events.push_back(std::move(event));
  return true;
}

bool Admission::may_ring(TimePoint now, const Flow& from, const Message& m, Output& out) {
  if (!draining_ && dialogs_.calls() < options_.max_calls) return true;
  responder_.answer(now, m, from, draining_ ? 480 : 503, out, "Retry-After: 5\r\n");
  return false;
}

bool begins_dialogs(Method method) {
  return method == Method::invite || method == Method::subscribe || method == Method::refer;
}

bool is_emergency_call(const Message& m, const std::vector<std::string>& numbers) {
  constexpr std::string_view kService = "urn:service:sos";
  if (m.method() != Method::invite || !m.to_tag().empty()) return false;
  const std::string_view text = m.request_uri();
  if (starts_with_ignoring_case(text, kService)) return text.size() == kService.size() || text[kService.size()] == '.';
  const auto uri = parse_uri(text);
  std::string_view dialled = starts_with_ignoring_case(text, "tel:") ? text.substr(4) : std::string_view{};
  if (uri && uri->is_sip()) dialled = uri->user;
  return is_emergency(plain_user(dialled.substr(0, dialled.find(';'))), numbers);
}

bool is_merged(const DialogSet* set) {
  return set && set->is_call() && !set->over && set->pending;
}

}  // namespace dw::sip
