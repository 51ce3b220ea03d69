#include "sbc/net/error_queue.hpp"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include <linux/errqueue.h>

#include <array>
#include <cstring>
#include <optional>

#include "sbc/net/socket_address.hpp"

namespace dw::net {
namespace {

/// Room for the error, the address of whoever reported it, and the socket's other control messages.
struct alignas(cmsghdr) ErrorControl {
  std::array<char, CMSG_SPACE(sizeof(sock_extended_err) + sizeof(sockaddr_in6)) + CMSG_SPACE(sizeof(in6_pktinfo))>
      octets;
};

std::optional<std::string_view> words_of_v4(const sock_extended_err& error) {
  if (error.ee_type == ICMP_PARAMETERPROB) return "ICMP parameter problem";
  if (error.ee_type != ICMP_DEST_UNREACH) return std::nullopt;
  switch (error.ee_code) {
    case ICMP_PORT_UNREACH:
      return "nothing listens there (ICMP port unreachable)";
    case ICMP_PROT_UNREACH:
      return "ICMP protocol unreachable";
    case ICMP_FRAG_NEEDED:
      return std::nullopt;  // a path MTU message: the next packet will be fragmented smaller
    case ICMP_NET_ANO:
    case ICMP_HOST_ANO:
    case ICMP_PKT_FILTERED:
      return "a firewall refuses it (ICMP prohibited)";
    case ICMP_NET_UNREACH:
      return "no way to its network (ICMP)";
    default:
      return "no way to it (ICMP host unreachable)";
  }
}

std::optional<std::string_view> words_of_v6(const sock_extended_err& error) {
  if (error.ee_type == ICMP6_PARAM_PROB) return "ICMPv6 parameter problem";
  if (error.ee_type != ICMP6_DST_UNREACH) return std::nullopt;
  switch (error.ee_code) {
    case ICMP6_DST_UNREACH_NOPORT:
      return "nothing listens there (ICMPv6 port unreachable)";
    case ICMP6_DST_UNREACH_ADMIN:
      return "a firewall refuses it (ICMPv6 prohibited)";
    default:
      return "no way to it (ICMPv6 unreachable)";
  }
}

std::optional<std::string_view> icmp_words(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    const bool v4 = header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR;
    const bool v6 = header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR;
    if (!v4 && !v6) continue;
    sock_extended_err error{};
    std::memcpy(&error, CMSG_DATA(header), sizeof error);
    if (error.ee_origin == SO_EE_ORIGIN_ICMP) return words_of_v4(error);
    if (error.ee_origin == SO_EE_ORIGIN_ICMP6) return words_of_v6(error);
  }
  return std::nullopt;
}

}  // namespace

QueuedError take_error(int descriptor, MutableBytes room, Undelivered& into) {
  SocketAddress peer{};
  ErrorControl control;
  iovec vector{room.data(), room.size()};
  msghdr message{};
  message.msg_name = &peer;
  message.msg_namelen = sizeof peer;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.octets.data();
  message.msg_controllen = control.octets.size();
  const ssize_t size = recvmsg(descriptor, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
  if (size < 0) return QueuedError::none;
  const auto why = icmp_words(message);
  if (!why) return QueuedError::other;
  into = {to_endpoint(peer), *why, Bytes(room).first(static_cast<std::size_t>(size))};
  return QueuedError::undelivered;
}

}  // namespace dw::net
