#include "nat/ssdp.hpp"

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "nat/core/portmap/policy.hpp"
#include "sbc/net/descriptor.hpp"
#include "sbc/net/socket_address.hpp"

namespace dw::nat {
namespace {

constexpr std::array kTargets = {
    "urn:schemas-upnp-org:device:InternetGatewayDevice:1", "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
    "urn:schemas-upnp-org:service:WANIPConnection:1", "urn:schemas-upnp-org:service:WANPPPConnection:1"};
constexpr std::uint16_t kSsdpPort = 1900;
constexpr unsigned char kHops = 2;
constexpr Duration kAskAgain = std::chrono::milliseconds(700);  ///< sent once more, as UDP may be lost
constexpr suseconds_t kLookUpUs = 100'000;                      ///< a wait is no longer than this
constexpr std::size_t kMaxDatagram = 1536;

void ask(int descriptor) {
  const net::SocketAddress group = net::to_socket_address({IpAddress::v4(0xeffffffa), kSsdpPort});
  for (const char* const target : kTargets) {
    const std::string text = fmt::format(
        "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: "
        "{}\r\n\r\n",
        target);
    // A failure counts as loss on the way.
    (void)sendto(descriptor, text.data(), text.size(), MSG_NOSIGNAL, &group.any, group.size());
  }
}

/// The kernel drops datagrams from others, so that nobody else fills the socket's buffer before the router answers.
bool hear_only(int descriptor, const IpAddress& sender) {
  constexpr unsigned kSourceAddress = 12;  // in the IPv4 header, RFC 791 §3.1
  std::array<sock_filter, 4> program{
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(SKF_NET_OFF) + kSourceAddress),
       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, sender.v4_host_order(), 0, 1), BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
       BPF_STMT(BPF_RET | BPF_K, 0)}};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

/// An empty descriptor if the socket can't be made.
net::Descriptor asking_socket(const IpAddress& ours) {
  net::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const net::SocketAddress local = net::to_socket_address({ours, 0});
  const in_addr by = net::to_in(ours);
  const timeval wait{.tv_sec = 0, .tv_usec = kLookUpUs};
  if (socket && (setsockopt(socket.number(), IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by) != 0 ||
                 setsockopt(socket.number(), IPPROTO_IP, IP_MULTICAST_TTL, &kHops, sizeof kHops) != 0 ||
                 setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0 ||
                 bind(socket.number(), &local.any, local.size()) != 0))
    socket.reset();
  return socket;
}

}  // namespace

std::vector<std::string> ssdp_search(const IpAddress& ours, const IpAddress& router,
                                     const std::function<bool(std::string_view url)>& may_talk_to,
                                     const std::atomic<bool>& give_up) {
  std::vector<std::string> places;
  if (!ours.is_v4() || !router.is_v4()) return places;
  for (const bool router_alone : {true, false}) {
    const net::Descriptor socket = asking_socket(ours);
    if (!socket || (router_alone && !hear_only(socket.number(), router))) continue;
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
      if (portmap::device_address(url) == router) return {std::string(url)};
      if (places.size() < kMaxSsdpPlaces) places.emplace_back(url);
    }
  }
  return places;
}

}  // namespace dw::nat
