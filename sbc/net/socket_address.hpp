#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <span>

#include "sbc/base/endpoint.hpp"

namespace dw::net {

/// A socket address in the kernel's form. The only place where `net` converts between it and Endpoint.
union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;

  socklen_t size() const { return any.sa_family == AF_INET6 ? sizeof v6 : sizeof v4; }
};

inline IpAddress to_ip(const in_addr& a) {
  return IpAddress::v4(ntohl(a.s_addr));
}
inline IpAddress to_ip(const in6_addr& a, std::uint32_t scope) {
  return IpAddress::v6(std::span<const std::uint8_t, 16>(a.s6_addr), scope);
}
inline in_addr to_in(const IpAddress& a) {
  return {.s_addr = htonl(a.v4_host_order())};
}
inline in6_addr to_in6(const IpAddress& a) {
  in6_addr out{};
  if (a.is_v6()) std::memcpy(out.s6_addr, a.octets().data(), sizeof out.s6_addr);
  return out;
}

/// No address when it is neither IPv4 nor IPv6.
inline Endpoint to_endpoint(const SocketAddress& a) {
  if (a.any.sa_family == AF_INET) return {to_ip(a.v4.sin_addr), ntohs(a.v4.sin_port)};
  if (a.any.sa_family == AF_INET6) return {to_ip(a.v6.sin6_addr, a.v6.sin6_scope_id), ntohs(a.v6.sin6_port)};
  return {};
}

/// `a` from libuv, libmicrohttpd or getifaddrs; null gives no address.
inline Endpoint to_endpoint(const sockaddr* a) {
  SocketAddress copy{};
  if (!a) return {};
  copy.any.sa_family = a->sa_family;
  if (a->sa_family == AF_INET) std::memcpy(&copy.v4, a, sizeof copy.v4);
  if (a->sa_family == AF_INET6) std::memcpy(&copy.v6, a, sizeof copy.v6);
  return to_endpoint(copy);
}

inline SocketAddress to_socket_address(const Endpoint& e) {
  SocketAddress out{};
  if (e.address.is_v6()) {
    out.v6.sin6_family = AF_INET6;
    out.v6.sin6_port = htons(e.port);
    out.v6.sin6_addr = to_in6(e.address);
    out.v6.sin6_scope_id = e.address.scope();
  } else {
    out.v4.sin_family = AF_INET;
    out.v4.sin_port = htons(e.port);
    out.v4.sin_addr = to_in(e.address);
  }
  return out;
}

/// The address of a bound socket; empty on failure and for Unix sockets.
Endpoint local_endpoint(int descriptor);

}  // namespace dw::net
