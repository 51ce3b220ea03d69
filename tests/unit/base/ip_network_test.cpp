#include "sbc/base/ip_network.hpp"

#include <doctest/doctest.h>

using namespace dw;

TEST_CASE("a network has all addresses that begin with its bits, of its own family alone") {
  struct Row {
    const char *network, *address;
    bool in;
  };
  for (const Row& row : {Row{"192.0.2.0/24", "192.0.2.255", true}, Row{"192.0.2.0/24", "192.0.3.0", false},
                         Row{"192.0.2.128/25", "192.0.2.127", false}, Row{"192.0.2.7", "192.0.2.7", true},
                         Row{"192.0.2.7", "192.0.2.8", false}, Row{"0.0.0.0/0", "203.0.113.9", true},
                         Row{"0.0.0.0/0", "2001:db8::1", false}, Row{"::/0", "203.0.113.9", false},
                         Row{"2001:db8::/32", "2001:db8:ffff::1", true}, Row{"2001:db8::/33", "2001:db8:8000::", false},
                         Row{"fe80::/10", "fe80::1%2", true}, Row{"fe80::/10", "fec0::1%2", false}})
    CHECK_MESSAGE(IpNetwork::parse(row.network)->contains(*IpAddress::parse(row.address)) == row.in, row.network);
  CHECK_FALSE(IpNetwork::parse("0.0.0.0/0")->contains(IpAddress()));
  CHECK_FALSE(IpNetwork::around(*IpAddress::parse("fe80::1%2"), 64).contains(*IpAddress::parse("fe80::1%3")));
}

TEST_CASE("a network is written with its first address and its length") {
  for (const char* wrong : {"", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/2x", "192.0.2.1/24",
                            "192.0.2.0/24/1", "2001:db8::/129", "pbx/24", "192.0.2/24", "192.0.2.0 /24"})
    CHECK_MESSAGE(!IpNetwork::parse(wrong), wrong);
  CHECK(IpNetwork::parse("192.0.2.0/24")->to_string() == "192.0.2.0/24");
  CHECK(IpNetwork::parse("192.0.2.7")->to_string() == "192.0.2.7/32");
  CHECK(IpNetwork::parse("2001:db8::/32")->to_string() == "2001:db8::/32");
}
