#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nat/core/portmap/types.hpp"
#include "sbc/base/result.hpp"

namespace dw::nat::portmap {

enum class Choice : std::uint8_t { automatic, on, off };

/// What decides whether the router is asked at all.
struct Situation {
  Choice choice = Choice::automatic;
  bool edge = true;
  bool advertised = false;  ///< central.media.advertise is set
  IpAddress ours;           ///< our address toward the central server; unset: no route to it
  IpAddress central;        ///< the central server's; unset: not known (yet)
};
/// Empty: mappings are of use. Otherwise why not, in a few words. A central server that is itself a Dropwire would
/// learn our addresses without a mapping, but can't be recognised; a mapping does no harm there.
std::string why_no_mapping(const Situation& situation);

/// The ports that TFTP downloads use, kTftpPorts of them: those below the first media port.
inline constexpr std::size_t kTftpPorts = 4;
std::vector<std::uint16_t> tftp_ports(std::uint16_t first_media_port);

/// The ports to map: SIP's port (0: none) for UDP and TCP, filtered; the ports for TFTP (may be empty); then RTP and
/// RTCP of the first `streams` port pairs from `first_media_port`, none beyond `last_media_port`.
std::vector<Wanted> wanted_ports(std::uint16_t sip_port, std::uint16_t first_media_port, std::uint16_t last_media_port,
                                 std::size_t streams, const std::vector<std::uint16_t>& tftp = {});

/// One line of the kernel's IPv4 routing table (/proc/net/route).
struct Route {
  std::string interface;
  IpAddress network, mask, gateway;  ///< gateway unspecified: directly connected
  std::uint32_t metric = 0;
};
constexpr std::size_t kMaxRoutes = 1024;
/// Skips malformed lines and routes that are down, and ignores lines beyond kMaxRoutes.
std::vector<Route> parse_routes(std::string_view proc_net_route);
/// The router on the way to `destination`, by longest prefix, then smallest metric. Unset: directly connected, or no
/// route.
IpAddress gateway_toward(const std::vector<Route>& routes, const IpAddress& destination);
/// Both are on the same directly connected network.
bool same_link(const std::vector<Route>& routes, const IpAddress& a, const IpAddress& b);

/// The LOCATION of an answer to SSDP's M-SEARCH: the URL of the device's description. Empty: no usable one.
std::string_view location_in(std::string_view datagram);
/// A UPnP service type that is safe in a header and in XML: letters, digits and ":.-_".
bool is_service_type(std::string_view text);
/// "http://192.168.1.1:5000/desc.xml" → the address. An error for names, other schemes, user names and anything else
/// that is not the URL of a device on a LAN.
Result<IpAddress> device_address(std::string_view url);
/// The URL comes from a UPnP device, and anybody on the LAN can claim to be one: only the router, or a private address
/// on our own link, is allowed.
bool may_talk_to(std::string_view url, const IpAddress& gateway, const IpAddress& ours,
                 const std::vector<Route>& routes);

}  // namespace dw::nat::portmap
