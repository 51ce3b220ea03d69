#include "sbc/net/tcp_progress.hpp"

#include <linux/sockios.h>
#include <linux/tcp.h>  // has more than <netinet/tcp.h>; no file can include both, and uv.h includes the other
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace dw::net {

std::optional<std::uint64_t> octets_acknowledged(int descriptor) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  return info.tcpi_bytes_acked;
}

bool has_unsent(int descriptor) {
  int octets = 0;
  return ioctl(descriptor, SIOCOUTQ, &octets) == 0 && octets > 0;
}

}  // namespace dw::net
