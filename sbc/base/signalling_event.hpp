#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace dw {

/// What happens in the signalling of phones, of either protocol. The cores report it, the log has a line for it, and
/// what says something of a phone is a step of its story.
enum class SignallingEvent : std::uint8_t {
  connected,         ///< the phone reached us; the central server is being asked
  no_server,         ///< no central server can be used; the phone was sent away to try its next one
  registered,        ///< the central server accepted it, for the first time
  refused,           ///< the central server refused it, in the words of the event's text
  unregistered,      ///< the phone ended its registration
  superseded,        ///< a newer connection of the same phone replaced this one
  reset,             ///< it was asked to restart: "reset", "restart" or "apply config"
  phone_lost,        ///< its connection ended without an unregistration
  server_lost,       ///< the central server's connection ended
  keepalive_missed,  ///< "phone" or "server" did not answer within its interval
  lines,             ///< the central server has named its lines
  call_preserved,    ///< its call goes on without signalling
  media_silent,      ///< no media of a call for long, or it was given up for that
  bad_password,      ///< challenged again for what it had signed
  alarm,             ///< the phone's own words on why it restarted
  unheard,           ///< it repeats its request although we answered
  unreachable,       ///< it is registered, and answers no OPTIONS
  reachable,         ///< it answers OPTIONS again
  altered,           ///< a router on the way (SIP ALG) changed a message
  call_refused,      ///< a limit of ours, which the text names, refused a call
  no_date,           ///< the server's answer to REGISTER has no Date: the phone's clock stays unset
  // In a story these are one of those above.
  refreshed,     ///< registered once more at the same place
  moved,         ///< registered from another address than before
  expired,       ///< its registration was not refreshed in time
  refused_here,  ///< refused by us
  // In no story.
  call_up,
  call_over,
  no_media,         ///< a call found no relay ports, or the phone has too many channels
  media_back,       ///< packets come again on a channel that was silent
  receives,         ///< SCCP: the phone said where it receives
  dropped,          ///< a message was not passed on: it made no sense, or was not allowed
  layout_conflict,  ///< SCCP: length and version of a message point to different layouts
  ice_removed,      ///< SIP: so many lines of ICE
  auth_int,         ///< SIP: a server wants a digest over a body that is changed here
  large,            ///< SIP: a message to a phone is larger than it takes by UDP
  abuse,            ///< SIP: what scanners do
  banned,           ///< SIP: a source gets no answer for a while
  server_up,
  server_down,
  asked,  ///< SIP: a phone was asked to start over
};
std::string_view to_string(SignallingEvent event);
std::optional<SignallingEvent> signalling_event(std::string_view name);
/// What a story has for it.
std::optional<SignallingEvent> in_story(SignallingEvent event);

}  // namespace dw
