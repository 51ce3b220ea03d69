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
  bool told = false;  ///< central.media.advertise says where we are reached
  IpAddress ours;     ///< our address toward the central server; none: there is no way there
  IpAddress central;  ///< the central server's; none: not known (yet)
};
/// Empty: mappings are of use. Else why not, in a few words. A central server that is itself a Dropwire would learn our
/// addresses without a mapping; it does not say what it is, and a mapping does no harm there.
std::string why_no_mapping(const Situation& situation);

/// Ports that TFTP downloads go from, as many as the router maps for them: those below the first media port.
inline constexpr std::size_t kTftpPorts = 4;
std::vector<std::uint16_t> tftp_ports(std::uint16_t first_media_port);

/// What to map: SIP's port (0: none) by UDP and TCP, filtered, the ports for TFTP (empty: none), then RTP and RTCP of
/// the first `streams` port pairs from `first_media_port`, as far as `last_media_port`.
std::vector<Wanted> wanted_ports(std::uint16_t sip_port, std::uint16_t first_media_port, std::uint16_t last_media_port,
                                 std::size_t streams, const std::vector<std::uint16_t>& tftp = {});

/// One line of the kernel's IPv4 routing table (/proc/net/route).
struct Route {
  std::string interface;
  IpAddress network, mask, gateway;  ///< gateway unspecified: on the link
  std::uint32_t metric = 0;
};
constexpr std::size_t kMaxRoutes = 1024;
/// Lines that make no sense, and routes that are not up, are left out; so is what is beyond kMaxRoutes.
std::vector<Route> parse_routes(std::string_view proc_net_route);
/// The router on the way to `destination`: of the longest prefix, then of the smallest metric. None: it is on the link,
/// or nowhere.
IpAddress gateway_toward(const std::vector<Route>& routes, const IpAddress& destination);
/// Both are on one link of ours.
bool same_link(const std::vector<Route>& routes, const IpAddress& a, const IpAddress& b);

/// LOCATION of an answer to SSDP's M-SEARCH: where a device's description is. Empty: there is none that could be one.
std::string_view location_in(std::string_view datagram);
/// A type of UPnP service that may stand in a header and in XML as it is: letters, digits and ":.-_".
bool is_service_type(std::string_view text);
/// "http://192.168.1.1:5000/desc.xml" → the address; an error for names, other schemes, user names and whatever else is
/// not the URL of a device on a LAN.
Result<IpAddress> device_address(std::string_view url);
/// A UPnP device says where to talk to it, and anybody on the LAN can say so: we talk to the router alone, or to a
/// private address on our own link.
bool may_talk_to(std::string_view url, const IpAddress& gateway, const IpAddress& ours,
                 const std::vector<Route>& routes);

}  // namespace dw::nat::portmap
