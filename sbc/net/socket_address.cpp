#include "sbc/net/socket_address.hpp"

namespace dw::net {

Endpoint local_endpoint(int descriptor) {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&raw), &size) != 0) return {};
  return to_endpoint(reinterpret_cast<const sockaddr*>(&raw));
}

}  // namespace dw::net
