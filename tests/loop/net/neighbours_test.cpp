#include "sbc/net/neighbours.hpp"

#include <doctest/doctest.h>

namespace dw::net {

TEST_CASE("a phone's Ethernet address is read from the kernel's table, when it is complete") {
  // As proc_net(5) has it: 0x2 is complete, 0x0 is asked for and not answered, 0x6 is set by hand.
  constexpr std::string_view kTable =
      "IP address       HW type     Flags       HW address            Mask     Device\n"
      "192.168.1.50     0x1         0x2         00:1b:d4:aa:bb:0c     *        eth0\n"
      "192.168.1.51     0x1         0x0         00:00:00:00:00:00     *        eth0\n"
      "192.168.1.5      0x1         0x6         00:11:22:33:44:55     *        eth0\n"
      "192.168.1.52     0x20        0x2         80:00:02:08:fe:80     *        ib0\n"
      "192.168.1.53     0x1         0x2         nonsense\n"
      "192.168.1.54\n";
  const auto of = [&](const char* address) { return link_address_in(kTable, *IpAddress::parse(address)); };
  CHECK(of("192.168.1.50") == "001BD4AABB0C");
  CHECK(of("192.168.1.5") == "001122334455");
  CHECK(!of("192.168.1.51"));
  CHECK(!of("192.168.1.53"));
  CHECK(!of("192.168.1.54"));
  CHECK(!of("192.168.1.55"));
  CHECK(!of("2001:db8::1"));
  CHECK(!link_address_in("", *IpAddress::parse("192.168.1.50")));
}

TEST_CASE("nobody on a LAN answers for our own address") {
  CHECK(!link_address(*IpAddress::parse("127.0.0.1")));
}

}  // namespace dw::net
