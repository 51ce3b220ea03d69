#pragma once
#include <array>

#include "sbc/daemon/log_event.hpp"

// Registrations and signalling of SCCP and SIP phones, and the central servers.
namespace dw::log_catalogue {

inline constexpr auto kPhoneEvents = std::to_array<Event>({
    {"asked_to_start_over", "info", "device aor peer status",
     "A SIP phone was asked to restart or to register again, and answered with this status. 200 is yes; 0 means "
     "that it did not answer."},
    {"connection_evicted", "info", "device peer",
     "A connection on which no phone had registered was closed, because its place was needed for another one."},
    {"connection_refused", "warn", "service? peer reason",
     "A connection was refused because of the limit that the reason names (a setting of access.sccp or access.sip). If "
     "many phones are behind one address, raise that limit. The line has service=sip for SIP."},
    {"keepalive_missed", "warn", "device peer side",
     "A phone or its call server (side) did not answer a keepalive in time. If more are missed, the connection ends."},
    {"layout_conflict", "warn", "device peer protocol message",
     "The length of an SCCP message does not fit the protocol version that the phone registered with. The layout of that "
     "length was used. If calls of this phone fail, report the line with the phone's firmware."},
    {"message_dropped", "warn", "device peer reason",
     "An SCCP message was not passed on, because it came from the wrong side or could lead media past Dropwire."},
    {"no_server", "warn", "device aor? peer reason",
     "No central server answers. SCCP phones are disconnected, and SIP phones are asked to come again, until one "
     "is back. There is one line when it begins; event=server_up says how many had to wait. Look at the central "
     "server and the way to it: \"dropwire doctor\"."},
    {"phone_alarm", "info", "device aor? peer text",
     "A phone reported something about itself, most often why it restarted. The text is the phone's own."},
    {"phone_lost", "info", "device aor? peer reason",
     "A phone's connection ended, or it no longer answers. It registers again by itself when it can. If it comes "
     "often for one phone, look at its network."},
    {"registered", "info", "device aor? peer transport? server protocol? firmware? user_agent?",
     "A phone registered with this central server. SCCP lines have the protocol version and the firmware; SIP lines have "
     "the AOR, the transport and the User-Agent. A SIP phone that only refreshes is not logged."},
    {"registration_expired", "info", "device aor peer",
     "A SIP registration was not refreshed in time. Calls do not reach this phone until it registers again."},
    {"registration_refused", "warn", "device aor? peer by status? reason",
     "A phone's registration was refused, by the server or by Dropwire (by). If the server refused: the phone is not "
     "known there, or its protocol does not fit its extension. If Dropwire refused, the reason names the limit."},
    {"reset", "info", "device peer kind",
     "The call server had an SCCP phone reset or restarted. It registers again within a minute or two."},
    {"sccp_refused", "warn", "device peer reason",
     "What came on an SCCP connection is not SCCP, or is not allowed, and the connection was closed. From strangers "
     "nothing is to be done; for a phone of yours, look at the reason."},
    {"server_down", "warn", "service? server reason",
     "A central server stopped answering. Phones use the next one in the list, if there is one."},
    {"server_lost", "info", "device peer reason",
     "The call server closed an SCCP phone's connection, or no longer answered on it. The phone registers again."},
    {"server_up", "info", "service? server away phones_let_go? requests_put_off?",
     "A central server answers again: how long it was away, and how many phones or requests had to wait meanwhile."},
    {"sip_altered", "warn", "device aor peer reason",
     "A router on the way changes SIP (a SIP ALG), which breaks calls. Turn off \"SIP ALG\" or \"SIP helper\" in that "
     "router, or have the phone use TCP (rewrite.transport)."},
    {"sip_answers_unheard", "warn", "device aor peer reason",
     "A SIP phone sends the same request again, so it does not hear the answers. The reason says where they go "
     "from now on. If that does not help, give the home an edge box, or have the phone use TCP."},
    {"sip_auth_int", "warn", "device aor peer method",
     "The server takes only digests that cover the body (qop=auth-int). Dropwire has to change addresses in the body, so "
     "such a digest is never right. Have the server offer qop=auth."},
    {"sip_ban", "warn", "peer reason",
     "A source sent so much abuse that it gets no answer for a while. \"dropwire status\" lists such sources."},
    {"sip_large", "warn", "device aor peer message",
     "A message to a phone is larger than phones take by UDP, so it may get lost. Have the phone use TCP, or have "
     "the server offer fewer codecs."},
    {"sip_offence", "warn", "peer reason",
     "Abuse by SIP: a scanner, calls without a registration, wrong passwords. fail2ban can read this line; let it "
     "allow several tries, because a phone with a wrong password keeps trying."},
    {"sip_offence_registered", "warn", "peer reason",
     "The same as sip_offence, from an address that also has working phones. It has a name of its own so that nobody is "
     "banned for it. Look which phone there has a wrong password."},
    {"sip_ports", "info", "servers",
     "A phone's configuration names another SIP port of the central server. Dropwire now uses that one too; \"servers\" "
     "is how many there are."},
    {"sip_reachable", "info", "device aor peer", "A SIP phone answers again, after event=sip_unreachable."},
    {"sip_refused", "warn", "peer reason",
     "A SIP message was not understood or is not allowed, and was refused or dropped. From strangers nothing is to be done."},
    {"sip_server_unknown", "warn", "server reason",
     "The name of a central SIP server could not be looked up. It is tried again. Check the name and this machine's DNS."},
    {"sip_state", "info", "bindings",
     "SIP registrations were read from disk, and calls reach these phones at once; \"bindings\" is how many there "
     "are."},
    {"sip_state_unused", "warn", "reason",
     "SIP registrations can't be kept on disk. After a restart, calls reach a phone once it has registered again. Check "
     "state.dir."},
    {"sip_state_unwritten", "warn", "reason",
     "SIP registrations could not be written to disk. It is tried again after the time in the line. Check the space and "
     "the permissions of state.dir."},
    {"sip_state_written", "info", "", "SIP registrations are on disk again, after event=sip_state_unwritten."},
    {"sip_unreachable", "warn", "device aor peer tried",
     "A registered SIP phone answers on none of the addresses that were tried, so calls to it will not ring. Its router "
     "keeps them out: give the home an edge box, or have the phone use TCP."},
    {"sip_wrong_password", "warn", "device aor peer",
     "The server challenged again a request that the phone had signed: the password in the phone's configuration is not "
     "the one that the server has."},
    {"superseded", "info", "device peer",
     "The same phone opened a new SCCP connection, and the old one was closed. If two addresses take turns, two phones "
     "have the same name."},
    {"unregistered", "info", "device aor? peer", "A phone ended its registration itself."},
});

}  // namespace dw::log_catalogue
