#pragma once
#include <string>

#include "sbc/sip/bindings.hpp"
#include "sbc/sip/dialogs.hpp"
#include "sbc/sip/output.hpp"

namespace dw::sip {

/// An event about whoever is at `flow`, about a registered phone, or about the phone of a call, with what is known of
/// each. The caller adds what happened.
Event event_of(Event::Kind kind, const Flow& flow, std::string text);
Event event_of(Event::Kind kind, const Binding& b);
Event event_of(Event::Kind kind, const DialogSet& set);

}  // namespace dw::sip
