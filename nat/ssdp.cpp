#include "nat/ssdp.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "nat/core/portmap_policy.hpp"
#include "sbc/net/descriptor.hpp"
#include "sbc/net/socket_address.hpp"

namespace dw::nat {
namespace {

constexpr std::array kTargets = {"urn:schemas-upnp-org:device:InternetGatewayDevice:1",
                                 "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
                                 "urn:schemas-upnp-org:service:WANIPConnection:1",
                                 "urn:schemas-upnp-org:service:WANPPPConnection:1"};
constexpr std::uint16_t kSsdpPort = 1900;
constexpr unsigned char kHops = 2;
constexpr Duration kAskAgain = std::chrono::milliseconds(700);  ///< once: UDP may be lost
constexpr suseconds_t kLookUpUs = 100'000;                      ///< a wait is no longer
constexpr std::size_t kMaxDatagram = 1536;

void ask(int descriptor) {
  const net::SocketAddress group = net::to_socket_address({IpAddress::v4(0xeffffffa), kSsdpPort});
  for (const char* const target : kTargets) {
    const std::string text = fmt::format(
        "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: "
        "{}\r\n\r\n",
        target);
    // One that can't be sent is one that is lost.
    (void)sendto(descriptor, text.data(), text.size(), MSG_NOSIGNAL, &group.any, group.size());
  }
}

}  // namespace

std::vector<std::string> ssdp_search(const IpAddress& ours, const IpAddress& router,
                                     const std::function<bool(std::string_view url)>& may_talk_to,
                                     const std::atomic<bool>& give_up) {
  std::vector<std::string> places;
  const net::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const net::SocketAddress local = net::to_socket_address({ours, 0});
  if (!socket || !ours.is_v4() || bind(socket.number(), &local.any, local.size()) != 0) return places;
  const in_addr by = net::to_in(ours);
  const timeval wait{.tv_sec = 0, .tv_usec = kLookUpUs};
  if (setsockopt(socket.number(), IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by) != 0 ||
      setsockopt(socket.number(), IPPROTO_IP, IP_MULTICAST_TTL, &kHops, sizeof kHops) != 0 ||
      setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0)
    return places;
  const TimePoint began = Clock::now();
  bool asked_again = false;
  ask(socket.number());
  while (!give_up && Clock::now() - began < kSsdpWithin) {
    if (!asked_again && Clock::now() - began >= kAskAgain) {
      asked_again = true;
      ask(socket.number());
    }
    std::array<char, kMaxDatagram> octets;
    const ssize_t count = recv(socket.number(), octets.data(), octets.size(), 0);
    if (count <= 0) continue;
    const std::string_view url = portmap::location_in({octets.data(), static_cast<std::size_t>(count)});
    if (url.empty() || !may_talk_to(url) || std::ranges::find(places, url) != places.end()) continue;
    const auto at = portmap::device_address(url);
    if (at && *at == router) {
      places.emplace(places.begin(), url);
      break;
    }
    if (places.size() < kMaxSsdpPlaces) places.emplace_back(url);
  }
  return places;
}

}  // namespace dw::nat
