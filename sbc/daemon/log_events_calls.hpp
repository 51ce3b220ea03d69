#pragma once
#include <array>

#include "sbc/daemon/log_event.hpp"

// Calls and their media.
namespace dw::log_catalogue {

inline constexpr auto kCallEvents = std::to_array<Event>({
    {"call_down", "info",
     "device? address? protocol server? reference? line? call_id? own_number? way? far_number? far_name? start answer? end "
     "duration_s talk_s? codec? packets_from_phone? delivered_from_phone? lost_from_phone? jitter_from_phone_ms? "
     "packets_from_central? delivered_from_central? lost_from_central? jitter_from_central_ms? audio? direct preserved "
     "ended_by? reason?",
     "A call is over: who talked with whom, how long, and what passed. What is not known is left out. \"audio\" is there "
     "when a side was not heard. The same record is in the API (/api/calls/finished), which explains each field."},
    {"call_given_up", "info", "device aor call reason",
     "Dropwire no longer counts this SIP call as running, because its session was not refreshed, or because "
     "nothing of it was heard for a day. event=call_down follows. Most often the phone or its network was gone."},
    {"call_preserved", "info", "device peer call number",
     "An SCCP phone lost its signalling connection while both sides still talked. The call goes on; the phone registers "
     "when it is over."},
    {"call_refused", "warn", "device aor? peer reason",
     "A call was refused because of a limit, which the reason names. If it was not abuse, raise that limit."},
    {"call_up", "info", "device aor? peer? call line? way number",
     "A call was answered: incoming or outgoing (way), and the number at the other end. \"call\" is SCCP's call reference "
     "or SIP's Call-ID."},
    {"fast_path", "info", "interfaces",
     "The kernel carries the media of calls from now on, as far as it can (media.fast_path). \"dropwire status --json\" "
     "lists the interfaces."},
    {"fast_path_off", "info", "reason",
     "The kernel carries no media; it passes through the daemon, which costs more and is otherwise the same. The reason "
     "says what to do."},
    {"ice_removed", "debug", "device aor peer lines",
     "ICE candidates were removed from an SDP, because media goes through the relay."},
    {"media", "info", "ports threads streams_max",
     "The media relay is set up: its UDP ports, its threads, and how many streams there can be at once."},
    {"media_back", "info", "device peer",
     "Audio packets come again on a stream of an SCCP call, after event=media_silent."},
    {"media_silent", "info, warn", "device aor? peer reason",
     "No audio packets came on a stream for a while; the call goes on. The reason says for how long. If it comes "
     "often for one phone, its router keeps packets out. In SIP calls the same event also says that something "
     "came again, or that the silent call gave its ports to another one."},
    {"no_media", "warn", "device aor? peer reason",
     "A call got no ports of the media relay, so it goes without audio. If all ports are in use, widen media.ports and "
     "open them in the firewall."},
    {"router_moved", "warn", "was address streams",
     "The router has another public address while calls run. The central side sends these streams to the old address, "
     "unless it follows where audio comes from. New calls use the new address."},
});

}  // namespace dw::log_catalogue
