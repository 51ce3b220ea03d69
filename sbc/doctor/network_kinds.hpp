#pragma once
#include <array>

#include "sbc/doctor/finding_kind.hpp"

// Findings about what stands between this box and the central side.
namespace dw::doctor {

inline constexpr auto kNetworkKinds = std::to_array<FindingKind>({
    {"nat_kind", Severity::info, About::network, "This box is behind a NAT router",
     "What goes out first gets its answers back; what the outside begins by itself does not come in, unless "
     "the "
     "router forwards it.<edge> An edge box needs no more.</>",
     "Nothing to do. For a hosted box behind a router see port_forward_needed."},
    {"carrier_nat", Severity::error, About::network, "The provider translates addresses too (CGNAT)",
     "The address of the router is not one of the internet: the provider shares it among customers. A port "
     "forward "
     "in the router reaches nobody. What goes out first works, so an edge box does its work; a hosted box "
     "can't be "
     "reached behind it.",
     "Edge: nothing to do. Hosted: put this box on a machine with a public address, or ask the "
     "provider for "
     "one (\"public IPv4\", \"static IP\")."},
    {"double_nat", Severity::error, About::network, "There are two routers, one behind the other",
     "The router's own outer address is a private one: another router (often the provider's modem) "
     "translates once "
     "more. A port forward in one of them is not enough. What goes out first works, so an edge box does its "
     "work.",
     "Edge: nothing to do, but two routers forget mappings at different times. To be rid of it set the "
     "provider's "
     "device to bridge mode (Xfinity: 10.0.0.1, Gateway, At a Glance, Bridge Mode), or your own router to "
     "access "
     "point mode. Hosted: that is needed, or forward the ports in both."},
    {"udp_blocked", Severity::error, About::network, "UDP is blocked",
     "The central side answers by TCP and not by UDP: a firewall lets no UDP out, or no answers in. SIP by "
     "UDP, "
     "TFTP to the central side, and the audio of calls need it.",
     "Let UDP out and its answers in: 5060, 69, and the ports of the central side's media. With tcp: servers "
     "in "
     "central.sip.servers and http:// origins only audio needs UDP."},
    {"mapping_short", Severity::warning, About::network, "The router forgets UDP mappings early",
     "A mapping that no packet used was gone sooner than the two minutes that routers should keep it (RFC "
     "4787). "
     "Calls for a phone do not arrive once it has been silent for that long.",
     "Use a tcp: server in central.sip.servers. For phones behind that router set access.sip.keepalive on "
     "the hosted "
     "box below that time. Some routers have the timeout in their page (\"UDP timeout\", \"NAT session "
     "timeout\"): "
     "300 seconds are good."},
    {"port_forward_needed", Severity::info, About::network, "The router must let something in",
     "What the central side, or a phone outside, sends to this box of itself does not come in. Calls may be "
     "silent in one direction when the central server does not answer to where packets come from; "
     "behind a hosted Dropwire nothing is missing.",
     "In the router's page (its address is the default gateway's) under Port Forwarding, Virtual Server or "
     "NAT: one line for each port or range, to this box's address, and give this box a fixed address there "
     "(DHCP reservation). Xfinity: in the app, WiFi, network, Advanced settings, Port forwarding. Spectrum: "
     "in the My Spectrum app, Internet, router, Advanced Settings, Port Assignments. Or switch UPnP or "
     "NAT-PMP on in the router, and this box does it by itself."},
    {"sip_port_open", Severity::info, About::network, "The router lets everybody in to SIP's port",
     "The router was asked to let only the central side in there, as PCP can say it, and does not. What strangers send comes as far as "
     "this box, which hears only the central side and registered phones.",
     "Nothing to do. A newer firmware of the router may do better, or a firewall rule there for this port."},
    {"audio_unreachable", Severity::error, About::network, "Audio of calls can't reach this box",
     "The router gives each far end another port, and maps none when it is asked: whatever address the central server gets, "
     "what it sends there does not arrive, and phones hear nothing. Only a server that sends audio to where it comes from is "
     "heard.",
     "One of three. In the router: switch UPnP, NAT-PMP or PCP on, or forward media.ports (UDP) to this box and set "
     "central.media.advertise to the router's outer address. Or put a hosted Dropwire before the central server. Or have the central "
     "server send audio to where it comes from (symmetric RTP; in Asterisk nat=yes, or rtp_symmetric=yes)."},
    {"audio_way_unknown", Severity::warning, About::network, "It is not known whether audio of calls reaches this box",
     "This box stands behind a router that maps no ports when it is asked, and nobody has said what the internet sees of it. The "
     "central server gets this box's own address, which it can't reach; phones hear nothing, unless the server sends audio to where it "
     "comes from.",
     "Name a STUN server in nat.stun_server (a hosted Dropwire is one); or switch UPnP, NAT-PMP or PCP on in the router; or "
     "have the central server send audio to where it comes from (symmetric RTP; in Asterisk nat=yes, or rtp_symmetric=yes)."},
    {"audio_missing", Severity::error, About::network, "Calls hear nothing from the central side",
     "Phones spoke, and nothing of the central side's audio came to this box, which stands behind a router. It is no fault of the "
     "phones.",
     "One of three. In the router: switch UPnP, NAT-PMP or PCP on, or forward media.ports (UDP) to this box and set "
     "central.media.advertise to the router's outer address. Or put a hosted Dropwire before the central server. Or have the central "
     "server send audio to where it comes from (symmetric RTP; in Asterisk nat=yes, or rtp_symmetric=yes)."},
    {"router_moved", Severity::warning, About::network, "The router's address changed during a call",
     "The provider gave the router another address while calls ran. The central side has the old one and goes on sending "
     "to it, so that phones hear nothing; the other side still hears them. Calls that begin now use the new one.",
     "Hang up and call again. A central server that sends audio to where it comes from (symmetric RTP; in Asterisk nat=yes, or "
     "rtp_symmetric=yes) is heard again by itself. If it happens often, ask the provider for a fixed address."},
    {"hairpin_missing", Severity::info, About::network, "The router does not loop traffic back",
     "Two hosts behind this router do not reach each other by its outer address. Calls through this box are "
     "not "
     "concerned: it joins them inside.",
     "Nothing to do. In phones on this network, enter this box's own address and not the router's "
     "outer one."},
    {"tftp_alg_on_path", Severity::warning, About::network, "A router interferes with TFTP",
     "A helper (TFTP ALG) on the way opens ports by what it reads in TFTP packets. Some break transfers that "
     "leave "
     "from port 69, or end them after some seconds.",
     "Switch the TFTP helper off in the router (often under ALG, application layer gateways), or put http:// "
     "origins first in central.provisioning.origins: TFTP then no longer crosses the router."},
    {"sip_alg_on_path", Severity::warning, About::network, "A router changes SIP messages (SIP ALG)",
     "What this box sent and what came at the other end differ: a router has a SIP helper, which puts "
     "addresses into "
     "messages as it thinks right. Registrations get lost, calls break off or have audio one way only.",
     "Switch SIP ALG off in the router's page (also called SIP helper, SIP passthrough, SIP transformations; "
     "under "
     "Advanced, NAT, Firewall or ALG), and restart it. Xfinity's gateways mostly have no such switch: set "
     "the gateway "
     "to bridge mode (10.0.0.1, Gateway, At a Glance) and use a router of your own. Spectrum's routers that "
     "are set "
     "up in its app have none either: use a router of your own behind the modem. Without changing the "
     "router: a tcp: "
     "server in central.sip.servers, or one on another port than 5060, which these helpers do not look at."},
    {"http_changed_on_path", Severity::warning, About::network, "Something on the way changes HTTP",
     "What this box asked by HTTP did not arrive as it was sent: a proxy stands between, which may give old "
     "files or "
     "none.",
     "Use https:// origins in central.provisioning.origins, or have the proxy leave the central server "
     "alone."},
    {"central_unreachable", Severity::error, About::network, "Your telephone server does not answer",
     "Until it answers, no phone can register or call, and phones get only the files that are kept here. The server is down, its "
     "address is wrong, or this box has no internet.",
     "Look first whether other devices here reach the internet; if not, it is your router or your provider. If they do, tell your "
     "operator that the telephone server does not answer. If its address changed, correct central in the settings."},
    {"port_blocked", Severity::error, About::network, "A service of the central side does not answer",
     "Other services of the central side answer and this one is silent: a firewall drops it, here, at the "
     "provider or "
     "there.",
     "Let it through in the firewalls, from this box to that port. If the provider blocks it, have the "
     "central server "
     "listen on another port, and name that in the settings."},
    {"port_refused", Severity::error, About::network, "Nobody listens at a service's port",
     "The central side is there and refuses: the service does not run, or has another port.",
     "Start it there, or correct the port in the settings."},
    {"central_far", Severity::info, About::network, "The central side is far away",
     "Answers take long. Calls work, and people begin to talk over each other from about 300 milliseconds "
     "on; files "
     "are slow unless they come by HTTP.",
     "Nothing to do. If it was faster before: something else uses the line, or the path changed."},
    {"dns_fails", Severity::error, About::network, "A name can't be resolved",
     "A host that the settings name has no address, as far as this machine's resolver says: what is asked of "
     "it "
     "fails.",
     "Check the spelling in the settings and the name servers of this machine (resolvectl status, "
     "/etc/resolv.conf), "
     "or give the address in place of the name."},
    {"dns_slow", Severity::warning, About::network, "Names take long to resolve",
     "Each new connection may wait so long for an address; phones give up after a few seconds.",
     "Use a nearer name server (often the router's), remove one that is dead from /etc/resolv.conf, or give "
     "the "
     "address in place of the name."},
});

}  // namespace dw::doctor
