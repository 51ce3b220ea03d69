#include "nat/media_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "sbc/net/socket_address.hpp"

namespace dw::nat {
namespace {

void set_option(int descriptor, int level, int name, int value) {
  // None of these is a reason to refuse a call: if it fails, the kernel's default applies.
  (void)setsockopt(descriptor, level, name, &value, sizeof value);
}

}  // namespace

std::expected<net::Descriptor, int> bind_media_socket(const Endpoint& local, int receive_buffer) {
  const bool v6 = local.address.is_v6();
  net::Descriptor out(socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!out) return std::unexpected(errno);
  set_option(out.number(), SOL_SOCKET, SO_RCVBUF, receive_buffer);
  set_option(out.number(), SOL_SOCKET, SO_TIMESTAMPNS, 1);
  set_option(out.number(), SOL_SOCKET, SO_RXQ_OVFL, 1);
  if (v6) {
    set_option(out.number(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set_option(out.number(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
  } else {
    set_option(out.number(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  }
  set_socket_tos(out.number(), v6, kDefaultTos);
  const net::SocketAddress address = net::to_socket_address(local);
  if (bind(out.number(), &address.any, address.size()) != 0) return std::unexpected(errno);
  return out;
}

void set_socket_tos(int descriptor, bool v6, std::uint8_t tos) {
  if (v6)
    set_option(descriptor, IPPROTO_IPV6, IPV6_TCLASS, tos);
  else
    set_option(descriptor, IPPROTO_IP, IP_TOS, tos);
}

}  // namespace dw::nat
