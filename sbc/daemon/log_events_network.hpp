#pragma once
#include <array>

#include "sbc/daemon/log_event.hpp"

// The home's router, mapped ports, and what STUN finds out.
namespace dw::log_catalogue {

inline constexpr auto kNetworkEvents = std::to_array<Event>({
    {"double_nat", "warn", "router reason",
     "The router maps ports, but has no public address itself: there is another NAT before it. Its mappings lead nowhere "
     "and are not used. Put the first box in bridge mode, or ask the provider for a public address."},
    {"keepalive", "info", "setting value",
     "The router forgets UDP mappings sooner than the setting expects, so Dropwire pings the central side more often."},
    {"lifetime_not_kept", "warn", "file reason",
     "What was measured of the router's mappings could not be written to disk. It is measured again after a restart."},
    {"mapping_lifetime", "info", "server alive dead",
     "How long the router keeps a UDP mapping that is not used, as measured with this STUN server: at least \"alive\"; "
     "after \"dead\" it was gone."},
    {"mapping_lifetime_unknown", "info", "server reason",
     "The lifetime of the router's UDP mappings could not be measured. Dropwire goes by its settings."},
    {"media_outside", "info", "router_maps external keeps_numbers stun_server reason?",
     "Where the internet reaches the media ports, as STUN sees it, and whether the router keeps port numbers."},
    {"network", "info", "path mapping filtering reflexive reason?",
     "What STUN found out about the way to the central side: what kind of NAT there is (RFC 4787's words), and with which "
     "address this box is seen. \"dropwire doctor\" says what it means."},
    {"port_filter", "info", "router networks",
     "The router lets only these networks of the central side reach the mapped SIP port (PCP's FILTER option)."},
    {"port_filter_refused", "info", "router reason",
     "The router can't limit who reaches the mapped SIP port, or refused to. Dropwire drops what strangers send there."},
    {"port_mapped", "debug, info", "transport internal external lifetime protocol router",
     "The router mapped a port: SIP's at info, media ports at debug. \"protocol\" is PCP, NAT-PMP or UPnP."},
    {"port_mapping_failed", "warn", "transport? internal? router reason",
     "The router refused a port, or answers by no protocol (then no port is named). It is tried again later. Turn on UPnP, "
     "NAT-PMP or PCP in the router, or forward the ports by hand: \"dropwire doctor\" lists them."},
    {"port_mapping_lost", "warn", "transport internal external reason",
     "A mapped port ran out, because the router did not renew it. It is asked for again."},
    {"port_mapping_no_announcements", "debug", "reason",
     "Dropwire can't listen for the router's announcements that it restarted (UDP port 5350). It notices a restart a "
     "little later."},
    {"port_mapping_off", "info", "reason", "No router is asked for ports; the reason says why."},
    {"port_mapping_start", "info", "router ours ports",
     "This router is now asked for ports toward our address; \"ports\" is how many."},
    {"port_renewed", "debug", "transport internal external lifetime", "The router renewed a mapped port."},
    {"port_unmapped", "debug", "transport internal external", "The router removed a mapping, as it was asked to."},
    {"ports_mapped", "info", "ports external protocol router",
     "The router mapped all the ports that it was asked for."},
    {"router_address", "info", "router external", "The router's external address is known, or it is another one now."},
    {"router_restarted", "warn", "router",
     "The router restarted and lost its mappings. They are asked for again. Calls may have been cut."},
    {"stun_off", "warn", "reason",
     "The STUN server of this hosted box could not listen, so edges can't find out here what their routers do. Look at "
     "the reason: most often another program has the port."},
});

}  // namespace dw::log_catalogue
