#pragma once
#include <array>

#include "sbc/doctor/finding_kind.hpp"

// Findings from registrations and calls.
namespace dw::doctor {

inline constexpr auto kSignallingKinds = std::to_array<FindingKind>({
    {"registered_without_files", Severity::warning, About::phone, "The phone registered without its files",
     "It did not get its config from this box and registered all the same, with what it keeps from before or "
     "with this box's address as its call server. It works, but changes of its config do not reach it.",
     "Look in its story why the files did not come; once they can, restart the phone: <restart> When it "
     "never asked here, it has another TFTP server. <network> A phone that shall have its files from "
     "elsewhere is fine."},
    {"registration_refused", Severity::error, About::phone, "The call server refuses the phone",
     "The phone reached the call server through this box, and was not taken.",
     "Check that the phone, or with SIP its line, is set up on the call server under exactly this name and "
     "for the protocol that it speaks, and that its model there is right."},
    {"no_call_server", Severity::error, About::phone, "No call server could be reached",
     "The phone asked to register, and none of the call servers could be connected to.",
     "Check that the call server runs and that this box reaches its port: dropwire doctor. The phone tries "
     "again by itself."},
    {"registration_lost", Severity::info, About::phone, "The phone was registered and is gone",
     "Its connection ended without good-bye, and it has not come back: it lost power or its network, or it "
     "registers past this box now.",
     "If it should be there: look at its power, its cable and its screen; its story has the end."},
    {"registration_flapping", Severity::warning, About::phone, "The registration is lost again and again",
     "Its connection ends and comes back every few minutes: a router that forgets idle connections, Wi-Fi, "
     "packet loss, a second phone of the same name, or a call server that ends it.",
     "The story tells which side ended it. Shorten the keepalive interval on the call server below the "
     "router's timeout, look at cable and Wi-Fi, and whether two phones have the same MAC."},
    {"keepalive_missed", Severity::info, About::phone, "Keepalives went missing",
     "An answer did not come within the interval that the two agreed on, though the registration held: a "
     "moment of packet loss, or a busy call server.",
     "Nothing to do. If it happens often, look at the line between the phone and this box."},
    {"one_way_audio", Severity::warning, About::phone, "The last call had audio one way only",
     "Both ways were open for five seconds or longer, and in one of them nothing was sent.",
     "Let UDP from both sides to media.ports of this box through. Check that access.advertise is an address "
     "that the phone reaches, and central.media.advertise one that the call server reaches. If somebody had "
     "muted the phone, nothing is wrong."},
    {"no_audio", Severity::error, About::phone, "The last call had no audio at all",
     "Both ways were open for five seconds or longer, and neither side's audio reached this box: most likely "
     "UDP to media.ports is blocked.",
     "Let UDP to media.ports of this box through firewalls, on the phones' side and on the central side. "
     "Check that access.advertise and central.media.advertise are addresses that each side reaches."},
    {"bad_audio", Severity::warning, About::phone, "Audio of the last call had gaps",
     "So many of its packets were lost on the way to this box that people hear gaps: the line is overloaded, or it is Wi-Fi.",
     "Look at what else uses the line, give voice (DSCP EF) precedence in the router, prefer cable to "
     "Wi-Fi."},
    {"audio_not_delivered", Severity::warning, About::phone, "Audio arrived and could not be delivered",
     "For three seconds or longer audio came to this box from one side, and none of it could be sent on to the "
     "other.",
     "Let the call server open both ways, as it does for a call, when it plays something to a phone behind a router."
     "<hosted> Or put an edge box on the phone's network, which reaches it without the router.</>"},
    {"call_limit", Severity::warning, About::phone, "A limit refused a call",
     "The phone, or all phones of its address, began more calls than the settings allow: a program that dials, a stolen "
     "account, or a limit that is too low. Calls for help are never refused.",
     "Look at what was dialled: dropwire calls --finished --since 1h. If the phone is meant to call that much, raise the "
     "setting that the story names; 0 is no limit."},
    {"server_refuses_shared_address", Severity::error, About::phone,
     "The call server refuses a second phone from one address",
     "All phones come to the call server from this box's one address. Some (old chan_sccp) take one phone "
     "from an address and refuse others.",
     "Give this box more addresses on the central side and list them in central.sccp.source_addresses, one "
     "for each phone; or update the call server."},
    {"call_server_closes", Severity::error, About::phone, "The call server hangs up before it answers",
     "It takes the connection and ends it when the phone asks to register: it does not know the phone, is "
     "restarting, or is no SCCP server.",
     "Look into the call server's log at the time in the story; check central.sccp.servers and its port."},
    {"sip_answers_unheard", Severity::error, About::phone, "The phone does not hear the answers",
     "It repeats what it asked although each time it was answered. Cisco's SIP firmware sends from one UDP "
     "port and listens on another, 5060: a router before the phone lets only answers to the first through.",
     "This box tries the other port by itself.<hosted> If that does not help, put an edge box on the phones' "
     "network.</> Else, from the 7911 and 7941 on, let the phone use TCP (transportLayerProtocol 1 in its "
     "config); a 7940 or 7960 has no TCP, make it send from the port at which it listens (nat_enable: 1, in "
     "XML natEnabled true). Then restart it: <restart> A firewall that lets UDP through one way only looks "
     "the same."},
    {"sip_unreachable", Severity::error, About::phone, "Calls to the phone will not ring",
     "It is registered and can call, but what is sent to it of itself does not arrive: the port at which it "
     "listens is shut, most often by the router before it.",
     "<hosted>Put an edge box on the phone's network, which reaches it without the router. </>From the "
     "7911 and 7941 on, you can let the phone use TCP (transportLayerProtocol 1 in its config); a 7940 or 7960 has no "
     "TCP, make it send from the port at which it listens (nat_enable: 1, in XML natEnabled true), each "
     "phone behind one router with a voip_control_port of its own. Then restart it: <restart>"},
    {"sip_wrong_password", Severity::error, About::phone, "The password of a line is wrong",
     "The call server asked for the password, the phone used what it has, and the server asked again: the "
     "password or the user name is not the account's.",
     "Compare authName and authPassword of the line in the phone's config (lineN_authname and lineN_password "
     "in SIP….cnf) with the account on the call server. The phone takes at most 30 characters; in XML & is "
     "written &amp; and < is written &lt;. Then restart the phone: <restart>"},
    {"sip_unknown_account", Severity::error, About::phone, "The call server does not know the line",
     "It answered 404 or 403: it has no account of this name, or does not let it register. Some servers "
     "answer 403 to a wrong password too.",
     "Add the account on the call server, for SIP, with exactly the name of the line in the phone's config; "
     "check there that it may register from this box's address. Or correct name, authName and authPassword "
     "in the config and restart the phone: <restart>"},
    {"sip_alg", Severity::warning, About::phone, "A router on the way changes SIP messages",
     "What one side sent is not what came to the other: a router has a SIP helper (SIP ALG), which puts "
     "addresses into messages as it thinks right. Registrations get lost, calls break off or have audio one "
     "way only.",
     "Switch SIP ALG off in the router (SIP helper, SIP passthrough and SIP transformations are other "
     "names), and restart it. Where it can't be switched off, as in many routers of Xfinity and Spectrum: "
     "<hosted>put an edge box on the phones' network with a tcp: server in central.sip.servers, or </>let the phones "
     "use TCP."},
    {"sip_clock_unset", Severity::info, About::phone, "The phone does not get the time",
     "Phones with SIP firmware take the time from the call server's answer to their registration (Date), and "
     "there was none in it: what the display shows may be wrong.",
     "Nothing to do for calls. For the right time, have the call server send Date in its answers to "
     "REGISTER, or name a time server in the phone's config."},
    {"phone_reports_load", Severity::warning, About::phone, "The phone says that it could not take a file",
     "When it registered it gave the reason for its last restart: a firmware or config that does not fit it, does not "
     "fit into it, or was not there.",
     "Name a load for this very model that the server has whole; from an old firmware go by a version in "
     "between. On the phone: <status> The next start without trouble ends this."},
    {"phone_reports_tftp", Severity::warning, About::phone, "The phone says that TFTP failed",
     "When it registered it gave the reason for its last restart: it did not get a file, from this box or from another "
     "TFTP server that it has.",
     "Look in its story for files that did not come. If none are there, it asks somebody else. <network>"},
    {"phone_reports_signature", Severity::error, About::phone, "The phone says that a signature was wrong",
     "It refused a file because of its signature: it holds the trust list (CTL or ITL) of another server, or "
     "the firmware is not Cisco's.",
     "<erase>"},
    {"phone_reports_connection", Severity::info, About::phone, "The phone says that it had lost the call server",
     "When it registered it gave the reason: its connection ended, or keepalives were not answered.",
     "Nothing to do if it is rare. If not, look at the line between the phone and this box, and from "
     "here to the call server: dropwire doctor."},
});

}  // namespace dw::doctor
