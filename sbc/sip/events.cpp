#include "sbc/sip/events.hpp"

#include <utility>

namespace dw::sip {

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

}  // namespace dw::sip
