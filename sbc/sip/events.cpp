#include "sbc/sip/events.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sbc/sip/register.hpp"
#include "sbc/sip/via_check.hpp"

namespace dw::sip {
namespace {

constexpr std::size_t kMaxAlarm = 160;
constexpr std::size_t kMaxUserAgent = 128;

/// What follows cisco-alarm in a Reason field; empty: it is no alarm.
std::string alarm_in_reason(std::string_view reason) {
  const auto begin = reason.find("cisco-alarm");
  if (begin == reason.npos) return {};
  return std::string(reason.substr(begin, std::min(reason.find('"', begin) - begin, kMaxAlarm)));
}

std::string alarm_in_xml(std::string_view body) {
  constexpr std::string_view kReason = "ReasonForOutOfService\">";
  const auto begin = body.find(kReason);
  if (begin == body.npos) return "an alarm";
  const std::string_view value = body.substr(begin + kReason.size());
  return "out of service, reason " + std::string(value.substr(0, value.substr(0, 8).find('<')));
}

std::string_view user_agent_of(const Message& m) {
  return m.value_of(FieldName::user_agent).substr(0, kMaxUserAgent);
}

/// The device that its Contact names, where it is not known already.
void add_device(const Message& m, Event& event) {
  const Field* const contact = m.find(FieldName::contact);
  if (!contact || !event.device.empty()) return;
  if (const auto address = parse_name_addr(m.value(*contact))) event.device = device_of(address->params);
}

}  // namespace

Event event_of(Event::Kind kind, const Flow& flow, std::string text) {
  Event event;
  event.kind = kind;
  event.flow = flow;
  event.text = std::move(text);
  return event;
}

Event event_of(Event::Kind kind, const Binding& b) {
  Event event;
  event.kind = kind;
  event.flow = b.reach.flow;
  event.stated = b.reach.stated;
  event.aor = b.user;
  event.device = b.device;
  event.user_agent = b.user_agent;
  event.device_type = b.device_type;
  event.server = b.server;
  return event;
}

Event event_of(Event::Kind kind, const DialogSet& set) {
  Event event;
  event.kind = kind;
  event.flow = set.reach.flow;
  event.stated = set.reach.stated;
  event.aor = set.aor.empty() ? set.own_number : set.aor;
  event.device = set.device;
  event.server = set.server;
  return event;
}

Event event_of(Event::Kind kind, const Flow& flow, const Binding* binding) {
  return binding ? event_of(kind, *binding) : event_of(kind, flow, std::string());
}

std::optional<Event> alarm_event(const Flow& from, const Message& m, const Binding* binding) {
  std::string text;
  if (m.method() == Method::register_) {
    text = alarm_in_reason(m.value_of(FieldName::reason));
  } else if (m.method() == Method::refer &&
             m.value_of(FieldName::content_type).find("x-cisco-alarm+xml") != std::string_view::npos) {
    text = alarm_in_xml(m.body());
  }
  if (text.empty()) return std::nullopt;
  Event event = event_of(Event::Kind::alarm, from, binding);
  event.text = std::move(text);
  event.user_agent = user_agent_of(m);
  add_device(m, event);
  if (const auto& uri = m.from_uri(); uri && event.aor.empty()) event.aor = plain_user(uri->user);
  return event;
}

Event altered_event(const Flow& from, const Message& m, const Binding* binding) {
  Event event = event_of(Event::Kind::altered, from, binding);
  if (const auto& uri = m.from_uri()) event.aor = plain_user(uri->user);
  event.text = fmt::format("{} came with Via {} and Contact {}, which are not what was sent",
                           m.method_text().substr(0, 32), m.via().sent_by, contact_host(m));
  return event;
}

Event unheard_event(const Flow& from, const Message& m, const Binding* binding, std::string text) {
  const auto& uri = m.from_uri();
  const bool its_own = binding && uri && is_same_user(binding->user, uri->user);
  Event event = event_of(Event::Kind::unheard, from, its_own ? binding : nullptr);
  if (uri) event.aor = plain_user(uri->user);
  add_device(m, event);
  event.text = std::move(text);
  event.user_agent = user_agent_of(m);
  return event;
}

void note_size(const Flow& to, std::string_view what, std::size_t octets, Output& out) {
  if (to.transport == Transport::udp && octets > kMaxPhoneOctets)
    out.events.push_back(event_of(Event::Kind::large, to, fmt::format("{} of {} bytes", what, octets)));
}

}  // namespace dw::sip
