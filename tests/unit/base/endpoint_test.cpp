#include <doctest/doctest.h>

#include <unordered_set>

#include "sbc/base/endpoint.hpp"

using namespace dw;

namespace {

IpAddress ip(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  REQUIRE_MESSAGE(parsed.has_value(), text);
  return *parsed;
}

}  // namespace

TEST_CASE("addresses from text and back") {
  for (const char* text : {"192.0.2.1", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::1", "fe80::1%2"})
    CHECK(ip(text).to_string() == text);
  CHECK(ip("[2001:DB8:0:0::1]").to_string() == "2001:db8::1");
  CHECK(ip("192.0.2.1").v4_host_order() == 0xc0000201);
  CHECK(IpAddress::v4(0xc0000201) == ip("192.0.2.1"));
  CHECK(ip("fe80::1%2").scope() == 2);
  CHECK(IpAddress().to_string() == "none");
  CHECK_FALSE(IpAddress());
}

TEST_CASE("what is no address") {
  for (const char* text : {"", " ", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.4%1", "01.2.3.4x", "::1%", "::1%eth0",
                           "::1%4294967296", "[1.2.3.4]", "[::1", ":::", "1::2::3", "12345::", "pbx.example.net",
                           "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"}) {
    CAPTURE(text);
    const auto parsed = IpAddress::parse(text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().code == Errc::invalid);
  }
}

TEST_CASE("an IPv4 address in IPv6 clothes is the IPv4 address") {
  CHECK(ip("::ffff:192.0.2.1") == ip("192.0.2.1"));
  CHECK(ip("::ffff:192.0.2.1").is_v4());
  CHECK(ip("::fffe:192.0.2.1").is_v6());
}

TEST_CASE("kinds of addresses") {
  CHECK(ip("0.0.0.0").is_unspecified());
  CHECK(ip("::").is_unspecified());
  CHECK(IpAddress().is_unspecified());
  CHECK_FALSE(ip("::1").is_unspecified());
  CHECK(ip("127.9.9.9").is_loopback());
  CHECK(ip("::1").is_loopback());
  CHECK_FALSE(ip("::2").is_loopback());
  CHECK_FALSE(ip("1::1").is_loopback());
  CHECK(ip("224.0.0.1").is_multicast());
  CHECK(ip("239.255.255.255").is_multicast());
  CHECK(ip("ff02::1").is_multicast());
  CHECK_FALSE(ip("240.0.0.1").is_multicast());
  CHECK_FALSE(ip("223.255.255.255").is_multicast());
  CHECK(ip("255.255.255.255").is_broadcast());
  CHECK_FALSE(ip("192.168.1.255").is_broadcast());
}

TEST_CASE("private ranges at their edges") {
  for (const char* inside :
       {"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255", "100.64.0.0",
        "100.127.255.255", "169.254.0.1", "127.0.0.1", "fc00::1", "fdff::1", "fe80::1", "febf::1", "::1"}) {
    CAPTURE(inside);
    CHECK(ip(inside).is_private());
  }
  for (const char* outside :
       {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "100.63.255.255",
        "100.128.0.0", "8.8.8.8", "2001:db8::1", "fec0::1", "fb00::1", "ff02::1"}) {
    CAPTURE(outside);
    CHECK_FALSE(ip(outside).is_private());
  }
  CHECK_FALSE(IpAddress().is_private());
}

TEST_CASE("the network of an address") {
  CHECK(ip("192.0.2.77").network(24) == ip("192.0.2.0"));
  CHECK(ip("192.0.2.77").network(26) == ip("192.0.2.64"));
  CHECK(ip("192.0.2.77").network(32) == ip("192.0.2.77"));
  CHECK(ip("192.0.2.77").network(0) == ip("0.0.0.0"));
  CHECK(ip("2001:db8:1:2:3::4").network(64) == ip("2001:db8:1:2::"));
  CHECK(ip("2001:db8:1:2:3::4").network(49) == ip("2001:db8:1::"));
  CHECK(ip("2001:db8::4").network(128) == ip("2001:db8::4"));
}

TEST_CASE("endpoints from text and back") {
  for (const char* text : {"192.0.2.1:69", "[2001:db8::1]:69", "[fe80::1%2]:65535", "0.0.0.0:0", "[::]:0"}) {
    const auto parsed = Endpoint::parse(text);
    REQUIRE_MESSAGE(parsed.has_value(), text);
    CHECK(parsed->to_string() == text);
  }
  for (const char* text : {"192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "::1", "[::1]", "pbx:69",
                           ":69", "[::1]69", "[::1]:", "192.0.2.1:6 9"}) {
    CAPTURE(text);
    CHECK_FALSE(Endpoint::parse(text).has_value());
  }
}

TEST_CASE("hosts with and without a port, as a person writes them") {
  struct Row {
    const char* text;
    const char* host;
    std::uint16_t port;
  };
  for (const Row& row : {Row{"pbx.example.net:2000", "pbx.example.net", 2000}, Row{"pbx", "pbx", 0},
                         Row{"[::1]:69", "::1", 69}, Row{"[::1]", "::1", 0}, Row{"::1", "::1", 0},
                         Row{"192.0.2.1:5060", "192.0.2.1", 5060}, Row{"my_box-1", "my_box-1", 0}}) {
    CAPTURE(row.text);
    const auto parsed = HostPort::parse(row.text);
    REQUIRE(parsed.has_value());
    CHECK(parsed->host == row.host);
    CHECK(parsed->port == row.port);
    CHECK(HostPort::parse(parsed->to_string()).value() == *parsed);
  }
  for (const char* text : {"", ":69", "pbx:", "pbx:x", "pbx:65536", "pbx:1:2", "a b", "pbx/x", "[pbx]:69", "[::1",
                           "[::1]x", "http://pbx", "user@pbx", "\xc3\xbc.example"}) {
    CAPTURE(text);
    CHECK_FALSE(HostPort::parse(text).has_value());
  }
  CHECK(HostPort::parse(std::string(253, 'a')).has_value());
  CHECK_FALSE(HostPort::parse(std::string(254, 'a')).has_value());
}

TEST_CASE("equal values hash alike, and ports and scopes distinguish values") {
  const std::unordered_set<Endpoint> set{{ip("192.0.2.1"), 69}, {ip("192.0.2.1"), 70}, {ip("192.0.2.2"), 69},
                                         {ip("fe80::1%1"), 69}, {ip("fe80::1%2"), 69}, {ip("::ffff:192.0.2.1"), 69}};
  CHECK(set.size() == 5);
  CHECK(set.contains({ip("192.0.2.1"), 69}));
  CHECK_FALSE(set.contains({ip("192.0.2.3"), 69}));
}
