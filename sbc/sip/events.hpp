#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/sip/bindings.hpp"
#include "sbc/sip/dialogs.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/output.hpp"

namespace dw::sip {

inline constexpr std::size_t kMaxPhoneOctets = 3072;  ///< that a phone takes by UDP (cisco-provisioning §5.2)

/// An event about whoever is at `flow`, about a registered phone, or about the phone of a call, with what is known of
/// each. The caller adds what happened.
Event event_of(Event::Kind kind, const Flow& flow, std::string text);
Event event_of(Event::Kind kind, const Binding& b);
Event event_of(Event::Kind kind, const DialogSet& set);
/// The same about who sent a request. `binding`: the sender's, if he has one.
Event event_of(Event::Kind kind, const Flow& flow, const Binding* binding);

/// What a phone says of itself: a Reason field with cisco-alarm, or a REFER with an alarm in XML (cisco-provisioning
/// §5.3). Nothing: this request says nothing of the kind.
std::optional<Event> alarm_event(const Flow& from, const Message& m, const Binding* binding);
/// A request whose addresses are not those that it was sent with: an application layer gateway changed them.
Event altered_event(const Flow& from, const Message& m, const Binding* binding);
/// A phone did not hear our answers. `binding`: of whoever is at that flow.
Event unheard_event(const Flow& from, const Message& m, const Binding* binding, std::string text);
/// Reports a message to a phone that is larger than it takes by UDP. `what`: its method or status.
void note_size(const Flow& to, std::string_view what, std::size_t octets, Output& out);

}  // namespace dw::sip
