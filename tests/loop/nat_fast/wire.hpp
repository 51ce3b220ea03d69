#pragma once
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

#include "tests/loop/nat_fast/kernel.hpp"

namespace dw::nat::fast::test {

/// phone -- box -- server, each link a virtual cable.
struct Wire {
  Host phone, box, server;
  unsigned way_out = 0;

  Wire() {
    box.sh("ip link add near type veth peer name phone netns " + phone.path() +
           " && ip link add far type veth peer name server netns " + server.path() +
           " && ip addr add 10.77.1.1/24 dev near && ip addr add 10.77.2.1/24 dev far && ip link set near up && "
           "ip link set far up");
    phone.sh("ip addr add 10.77.1.2/24 dev phone && ip link set phone up");
    server.sh("ip addr add 10.77.2.2/24 dev server && ip link set server up");
    box.run([this] { way_out = if_nametoindex("far"); });
  }
  /// Sets whether a card completes the checksums of packets sent there.
  static void set_offload(const Host& host, const char* interface, bool on) {
    host.run([&] {
      const net::Descriptor any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      ethtool_value value{ETHTOOL_STXCSUM, on ? 1U : 0U};
      ifreq request{};
      std::strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
      request.ifr_data = static_cast<char*>(static_cast<void*>(&value));
      REQUIRE(ioctl(any.number(), SIOCETHTOOL, &request) == 0);
    });
  }
  static net::Descriptor udp(const Host& host, std::uint32_t address, std::uint16_t port) {
    net::Descriptor out;
    host.run([&] {
      out = net::Descriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      sockaddr_in at{};
      at.sin_family = AF_INET;
      at.sin_addr.s_addr = htonl(address);
      at.sin_port = htons(port);
      REQUIRE(bind(out.number(), static_cast<sockaddr*>(static_cast<void*>(&at)), sizeof at) == 0);
    });
    return out;
  }
};

/// Makes no network namespaces: says so.
inline bool has_no_hosts() {
  if (Host()) return false;
  std::printf("SKIPPED, NOT TESTED: this machine does not let us make network namespaces\n");
  return true;
}

}  // namespace dw::nat::fast::test
