#include "nat/core/portmap/policy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "nat/core/portmap/mapper.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::nat::portmap {
namespace {

constexpr std::uint32_t kRouteUp = 1;  // RTF_UP
constexpr std::size_t kMaxUrl = 512;
constexpr std::uint16_t kHighestPort = 65535;

/// /proc has the octets in wire order, as a hexadecimal number in this machine's byte order: 192.0.2.1 is 010200C0 on
/// little-endian ones.
std::optional<IpAddress> address_in_hex(std::string_view text) {
  constexpr std::size_t kDigits = 8;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (text.size() != kDigits || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  constexpr bool kLittle = std::endian::native == std::endian::little;
  return IpAddress::v4(kLittle ? __builtin_bswap32(number) : number);
}

bool covers(const Route& route, const IpAddress& address) {
  return address.is_v4() && (address.v4_host_order() & route.mask.v4_host_order()) == route.network.v4_host_order();
}

std::optional<Route> parse_route(std::string_view line) {
  // Iface Destination Gateway Flags RefCnt Use Metric Mask …
  constexpr std::size_t kFields = 8;
  std::array<std::string_view, kFields> field;
  TextCursor in(line);
  for (auto& one : field) {
    in.skip_blanks();
    one = in.take_token();
  }
  const auto network = address_in_hex(field[1]), gateway = address_in_hex(field[2]), mask = address_in_hex(field[7]);
  std::uint32_t flags = 0;
  const auto parsed = std::from_chars(field[3].data(), field[3].data() + field[3].size(), flags, 16);
  const auto metric = parse_number(field[6], UINT32_MAX);
  if (!network || !gateway || !mask || !metric || parsed.ec != std::errc{} || (flags & kRouteUp) == 0)
    return std::nullopt;
  return Route{std::string(field[0]), *network, *mask, *gateway, static_cast<std::uint32_t>(*metric)};
}

}  // namespace

std::string why_no_mapping(const Situation& s) {
  if (s.choice == Choice::off) return "nat.port_mapping is off";
  if (s.choice == Choice::automatic && !s.edge) return "a hosted Dropwire stands where it can be reached";
  if (s.choice == Choice::automatic && s.advertised) return "central.media.advertise says where this box is reached";
  if (!s.central) return "the central server's address is not known";
  if (!s.ours) return "there is no way to the central server";
  if (!s.ours.is_v4() || !s.central.is_v4()) return "IPv6 needs no mapping";
  if (!s.ours.is_private()) return fmt::format("{} is a public address", s.ours.to_string());
  if (s.choice == Choice::automatic && s.central.is_private())
    return fmt::format("the central server {} is on the same private network", s.central.to_string());
  return {};
}

std::vector<std::uint16_t> tftp_ports(std::uint16_t first_media_port) {
  constexpr std::uint16_t kLowest = 1024;
  std::vector<std::uint16_t> all;
  for (std::size_t i = 1; i <= kTftpPorts && first_media_port >= kLowest + i; ++i)
    all.push_back(static_cast<std::uint16_t>(first_media_port - i));
  return all;
}

std::vector<Wanted> wanted_ports(std::uint16_t sip_port, std::uint16_t first_media_port, std::uint16_t last_media_port,
                                 std::size_t streams, const std::vector<std::uint16_t>& tftp) {
  std::vector<Wanted> all;
  if (sip_port != 0) {
    all.push_back({Transport::udp, sip_port, false, true});
    all.push_back({Transport::tcp, sip_port, false, true});
  }
  for (const std::uint16_t port : tftp)
    all.push_back({Transport::udp, port, false});
  unsigned port = first_media_port + first_media_port % 2U;
  for (std::size_t i = 0; i < streams && port + 1 <= last_media_port && all.size() + 2 <= Mapper::kMaxWanted;
       ++i, port += 2) {
    all.push_back({Transport::udp, static_cast<std::uint16_t>(port), false});
    all.push_back({Transport::udp, static_cast<std::uint16_t>(port + 1), true});
  }
  return all;
}

std::vector<Route> parse_routes(std::string_view proc_net_route) {
  std::vector<Route> routes;
  TextCursor in(proc_net_route);
  in.take_line();
  while (!in.at_end() && routes.size() < kMaxRoutes) {
    if (auto route = parse_route(in.take_line())) routes.push_back(std::move(*route));
  }
  return routes;
}

IpAddress gateway_toward(const std::vector<Route>& routes, const IpAddress& destination) {
  const Route* best = nullptr;
  for (const Route& route : routes) {
    if (!covers(route, destination)) continue;
    const bool better = !best || route.mask.v4_host_order() > best->mask.v4_host_order() ||
                        (route.mask == best->mask && route.metric < best->metric);
    if (better) best = &route;
  }
  return best && !best->gateway.is_unspecified() ? best->gateway : IpAddress{};
}

bool same_link(const std::vector<Route>& routes, const IpAddress& a, const IpAddress& b) {
  return std::ranges::any_of(routes, [&](const Route& route) {
    return route.gateway.is_unspecified() && route.mask.v4_host_order() != 0 && covers(route, a) && covers(route, b);
  });
}

std::string_view location_in(std::string_view datagram) {
  TextCursor in(datagram);
  TextCursor status(in.take_line());
  if (!starts_with_ignoring_case(status.take_token(), "HTTP/")) return {};
  status.skip_blanks();
  if (status.take_token() != "200") return {};
  while (!in.at_end()) {
    TextCursor line(in.take_line());
    const std::string_view name = trim(line.take_until(":"));
    if (!line.skip_char(':') || !equal_ignoring_case(name, "LOCATION")) continue;
    const std::string_view url = trim(line.rest());
    return device_address(url) ? url : std::string_view();
  }
  return {};
}

bool is_service_type(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' || c == '.' ||
           c == '-' || c == '_';
  });
}

Result<IpAddress> device_address(std::string_view url) {
  constexpr std::string_view kHttp = "http://";
  const auto bad = [&](const char* why) {
    return fail(Errc::malformed, std::string("not the URL of a device on the LAN: ") + why);
  };
  if (url.size() > kMaxUrl) return bad("it is too long");
  if (!starts_with_ignoring_case(url, kHttp)) return bad("it does not begin with http://");
  TextCursor in(url.substr(kHttp.size()));
  const std::string_view host_port = in.take_until("/?#");
  if (!std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7f; }))
    return bad("it has blanks or other signs");
  // Digits and dots up to a colon, then a port: every parser finds the same host in it.
  TextCursor parts(host_port);
  const std::string_view host = parts.take_until(":");
  if (parts.skip_char(':') && !parse_number(parts.rest(), kHighestPort)) return bad("the port is no number");
  const auto address = IpAddress::parse(host);
  if (!address || !address->is_v4()) return bad("the host is not an IPv4 address");
  return *address;
}

bool may_talk_to(std::string_view url, const IpAddress& gateway, const IpAddress& ours,
                 const std::vector<Route>& routes) {
  const auto address = device_address(url);
  if (!address || address->is_loopback()) return false;
  if (*address == gateway) return true;
  return address->is_private() && same_link(routes, *address, ours);
}

}  // namespace dw::nat::portmap
