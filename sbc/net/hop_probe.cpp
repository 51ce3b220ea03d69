#include "sbc/net/hop_probe.hpp"

#include <linux/errqueue.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include <array>

#include "sbc/net/descriptor.hpp"
#include "sbc/net/socket_address.hpp"
#include "sbc/net/timer.hpp"

namespace dw::net {
namespace {

constexpr std::uint16_t kFirstPort = 33435;  // the port range of traceroute, where nobody listens

}  // namespace

struct HopProbe::State {
  State(Loop& loop, Done d) : done(std::move(d)), timer(loop, [this] { finish(); }) {}

  void send(const IpAddress& to) {
    socket = Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    if (!to.is_v4() || !socket || setsockopt(socket.number(), IPPROTO_IP, IP_RECVERR, &on, sizeof on) != 0) return;
    for (int hop = 0; hop < kHops; ++hop) {
      const int ttl = hop + 1;
      setsockopt(socket.number(), IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
      const SocketAddress address = to_socket_address({to, static_cast<std::uint16_t>(kFirstPort + hop)});
      const std::array<std::uint8_t, 8> octets{};
      // The first call may report an error that belongs to the previous datagram; the second one sends.
      for (int tries = 0; tries < 2; ++tries) {
        if (sendto(socket.number(), octets.data(), octets.size(), 0, &address.any, address.size()) >= 0) {
          sent = true;
          break;
        }
      }
    }
  }

  void finish() {
    std::vector<IpAddress> hops;
    if (sent) {
      hops.resize(kHops);
      while (read_one(hops)) {
      }
    }
    const Done to = std::move(done);  // the callback may destroy this
    to(std::move(hops));
  }

  bool read_one(std::vector<IpAddress>& hops) {
    SocketAddress asked{};
    std::array<char, 64> data{};
    alignas(cmsghdr) std::array<char, 512> control{};
    iovec part{data.data(), data.size()};
    msghdr message{};
    message.msg_name = &asked;
    message.msg_namelen = sizeof asked;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (recvmsg(socket.number(), &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return false;
    const int hop = to_endpoint(asked).port - kFirstPort;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_RECVERR) continue;
      auto* const error = reinterpret_cast<sock_extended_err*>(CMSG_DATA(c));
      if (error->ee_origin == SO_EE_ORIGIN_ICMP && error->ee_type == ICMP_TIME_EXCEEDED && hop >= 0 && hop < kHops)
        hops[static_cast<std::size_t>(hop)] = to_endpoint(SO_EE_OFFENDER(error)).address;
    }
    return true;
  }

  Done done;
  Timer timer;
  Descriptor socket;
  bool sent = false;
};

HopProbe::HopProbe(Loop& loop, const IpAddress& to, Done done)
    : state_(std::make_unique<State>(loop, std::move(done))) {
  state_->send(to);
  state_->timer.arm_after(state_->sent ? kWait : Duration{});
}

HopProbe::~HopProbe() = default;

}  // namespace dw::net
