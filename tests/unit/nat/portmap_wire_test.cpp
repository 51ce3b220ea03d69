#include <doctest/doctest.h>

#include "nat/core/portmap/epoch.hpp"
#include "nat/core/portmap/natpmp.hpp"
#include "nat/core/portmap/pcp.hpp"

using namespace dw;
using namespace dw::nat::portmap;
using std::chrono::seconds;

namespace {

const pcp::Nonce kNonce = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

/// RFC 6887 §7.2, §11.1: success, 3600 s, epoch 0x12345678, UDP 20000 → 203.0.113.101:20002.
const Buffer kMapped = {
    2,    0x81, 0,    0,    0,    0,    0x0e, 0x10,  // version, response MAP, result, lifetime
    0x12, 0x34, 0x56, 0x78, 0,    0,    0,    0,    0, 0,  0,    0,    0,   0, 0,   0,  // epoch, reserved
    1,    2,    3,    4,    5,    6,    7,    8,    9, 10, 11,   12,                    // nonce
    17,   0,    0,    0,    0x4e, 0x20, 0x4e, 0x22,                                     // UDP, internal, external port
    0,    0,    0,    0,    0,    0,    0,    0,    0, 0,  0xff, 0xff, 203, 0, 113, 101};

template <class Parse>
void check_prefixes(const Buffer& whole, Parse parse) {
  for (std::size_t n = 0; n < whole.size(); ++n) {
    CAPTURE(n);
    const Buffer exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK_FALSE(parse(exact).has_value());
  }
}

}  // namespace

TEST_CASE("PCP: a MAP request is the sixty octets of RFC 6887") {
  Buffer octets;
  ByteWriter out(octets);
  pcp::write(out, {3600, IpAddress::v4(0xc0a8010a), kNonce, Transport::udp, 20000, 20002, {}});
  const Buffer expected = {2,  1, 0, 0, 0,    0,    0x0e, 0x10,  // request MAP, lifetime
                           0,  0, 0, 0, 0,    0,    0,    0,    0, 0,  0xff, 0xff, 192, 168, 1, 10,  // client
                           1,  2, 3, 4, 5,    6,    7,    8,    9, 10, 11,   12,                     // nonce
                           17, 0, 0, 0, 0x4e, 0x20, 0x4e, 0x22,                                      // UDP, ports
                           0,  0, 0, 0, 0,    0,    0,    0,    0, 0,  0xff, 0xff, 0,   0,   0, 0};  // any IPv4 address
  CHECK(octets == expected);
}

TEST_CASE("PCP: a MAP response reads as RFC 6887 writes it") {
  const auto r = pcp::parse_response(kMapped);
  REQUIRE(r);
  CHECK(r->version == 2);
  CHECK(r->code == pcp::Code::success);
  CHECK(r->lifetime == 3600);
  CHECK(r->epoch == 0x12345678);
  REQUIRE(r->map);
  CHECK(r->map->nonce == kNonce);
  CHECK(r->map->protocol == 17);
  CHECK(r->map->internal_port == 20000);
  CHECK(r->map->external_port == 20002);
  CHECK(r->map->external == IpAddress::v4(0xcb007165));
  CHECK(pcp::to_string(*r) ==
        "PCP version 2 opcode 1 result 0 (success) lifetime 3600 epoch 305419896 protocol 17 internal 20000 external "
        "203.0.113.101:20002");
  check_prefixes(kMapped, pcp::parse_response);
}

TEST_CASE("PCP: options behind the response are passed over, requests and odd lengths are refused") {
  Buffer octets = kMapped;
  octets.insert(octets.end(), {0x83, 0, 0, 4, 1, 2, 3, 4});
  CHECK(pcp::parse_response(octets));
  octets.pop_back();
  CHECK_FALSE(pcp::parse_response(octets));
  octets = kMapped;
  octets[1] = 0x01;
  CHECK_FALSE(pcp::parse_response(octets));
  octets = kMapped;
  octets.resize(pcp::kMaxOctets);
  CHECK(pcp::parse_response(octets));
  octets.resize(pcp::kMaxOctets + 4);
  CHECK_FALSE(pcp::parse_response(octets));
}

TEST_CASE("PCP: another version's answer and a bare error are read as far as they go") {
  Buffer octets = kMapped;
  octets[0] = 1;
  octets[3] = 1;
  auto r = pcp::parse_response(octets);
  REQUIRE(r);
  CHECK(r->version == 1);
  CHECK(r->code == pcp::Code::unsupported_version);
  CHECK_FALSE(r->map);
  octets = Buffer(kMapped.begin(), kMapped.begin() + pcp::kHeaderOctets);
  octets[3] = 3;
  r = pcp::parse_response(octets);
  REQUIRE(r);
  CHECK(r->code == pcp::Code::malformed_request);
  CHECK_FALSE(r->map);
}

TEST_CASE("PCP: filters are 24 octets each, behind one that removes what was there") {
  Buffer octets;
  ByteWriter out(octets);
  const std::vector<IpNetwork> peers = {*IpNetwork::parse("203.0.113.20"), *IpNetwork::parse("10.0.0.0/8"),
                                        *IpNetwork::parse("2001:db8::/32")};
  pcp::write_filters(out, peers);
  const Buffer expected = {
      3, 0, 0, 20, 0, 0,   0, 0, 0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0,    0,    0,   0, 0,   0,   // none is left
      3, 0, 0, 20, 0, 128, 0, 0, 0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 20,  // 96 + 32 bits
      3, 0, 0, 20, 0, 104, 0, 0, 0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0xff, 0xff, 10,  0, 0,   0,
      3, 0, 0, 20, 0, 32,  0, 0, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0,    0,    0,   0, 0,   0};
  CHECK(octets == expected);
  octets.clear();
  pcp::write_filters(out, {});
  CHECK(octets == Buffer(expected.begin(), expected.begin() + pcp::kFilterOctets));
}

TEST_CASE("PCP: a request with as many filters as it may have is no longer than a message of PCP") {
  Buffer octets;
  ByteWriter out(octets);
  pcp::write(out, {3600, IpAddress::v4(0xc0a8010a), kNonce, Transport::udp, 5060, 5060, {}});
  pcp::write_filters(out, std::vector<IpNetwork>(100, *IpNetwork::parse("203.0.113.20")));
  CHECK(octets.size() <= pcp::kMaxOctets);
  CHECK(octets.size() + pcp::kFilterOctets > pcp::kMaxOctets);
}

TEST_CASE(
    "PCP: an answer that repeats the filters of the request is read as one without, and its prefixes as far as they go") {
  Buffer octets = kMapped;
  ByteWriter out(octets);
  pcp::write_filters(out, std::vector<IpNetwork>{*IpNetwork::parse("203.0.113.20")});
  const auto whole = pcp::parse_response(octets);
  REQUIRE(whole);
  REQUIRE(whole->map);
  CHECK(whole->map->external_port == 20002);
  for (std::size_t n = 0; n < octets.size(); ++n) {
    CAPTURE(n);
    const Buffer exact(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK(pcp::parse_response(exact).has_value() == (n >= kMapped.size() && n % 4 == 0));
  }
}

TEST_CASE("PCP: every result has words") {
  for (unsigned code = 0; code < 256; ++code)
    CHECK_FALSE(pcp::to_string(static_cast<pcp::Code>(code)).empty());
}

TEST_CASE("NAT-PMP: requests are the octets of RFC 6886") {
  Buffer octets;
  ByteWriter out(octets);
  natpmp::write_address_request(out);
  CHECK(octets == Buffer{0, 0});
  octets.clear();
  natpmp::write(out, {Transport::tcp, 5060, 5064, 7200});
  CHECK(octets == Buffer{0, 2, 0, 0, 0x13, 0xc4, 0x13, 0xc8, 0, 0, 0x1c, 0x20});
  octets.clear();
  natpmp::write(out, {Transport::udp, 5060, 0, 0});
  CHECK(octets == Buffer{0, 1, 0, 0, 0x13, 0xc4, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("NAT-PMP: answers read as RFC 6886 writes them") {
  const Buffer address = {0, 0x80, 0, 0, 0, 0, 0x02, 0x00, 203, 0, 113, 101};
  auto r = natpmp::parse_response(address);
  REQUIRE(r);
  CHECK(r->epoch == 512);
  REQUIRE(std::holds_alternative<natpmp::AddressAnswer>(r->body));
  CHECK(std::get<natpmp::AddressAnswer>(r->body).external == IpAddress::v4(0xcb007165));
  check_prefixes(address, natpmp::parse_response);

  const Buffer mapped = {0, 0x81, 0, 0, 0, 0, 0x02, 0x01, 0x4e, 0x20, 0x4e, 0x22, 0, 0, 0x0e, 0x10};
  r = natpmp::parse_response(mapped);
  REQUIRE(r);
  REQUIRE(std::holds_alternative<natpmp::MapAnswer>(r->body));
  const auto& map = std::get<natpmp::MapAnswer>(r->body);
  CHECK(map.transport == Transport::udp);
  CHECK(map.internal_port == 20000);
  CHECK(map.external_port == 20002);
  CHECK(map.lifetime == 3600);
  CHECK(natpmp::to_string(*r) ==
        "NAT-PMP opcode 1 result 0 (success) epoch 513 udp internal 20000 external 20002 lifetime 3600");
  check_prefixes(mapped, natpmp::parse_response);

  // To PCP's MAP: version 0, opcode and response bit, unsupported version, epoch.
  r = natpmp::parse_response(Buffer{0, 0x81, 0, 1, 0, 0, 0, 9});
  REQUIRE(r);
  CHECK(r->code == natpmp::Code::unsupported_version);
  CHECK(std::holds_alternative<std::monostate>(r->body));
  CHECK_FALSE(natpmp::parse_response(Buffer{0, 0x01, 0, 0, 0, 0, 0, 9}));
  CHECK_FALSE(natpmp::parse_response(Buffer{2, 0x80, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0}));
  for (unsigned code = 0; code < 8; ++code)
    CHECK_FALSE(natpmp::to_string(static_cast<natpmp::Code>(code)).empty());
}

TEST_CASE("the epoch by PCP's rule") {
  const TimePoint t{};
  Epoch epoch;
  CHECK_FALSE(epoch.lost_by_pcp(t, 1000));
  CHECK_FALSE(epoch.lost_by_pcp(t + seconds(100), 1100));
  SUBCASE("a clock that is a sixteenth wrong is a bad clock") {
    CHECK_FALSE(epoch.lost_by_pcp(t + seconds(260), 1252));
  }
  SUBCASE("more is a restart") {
    CHECK(epoch.lost_by_pcp(t + seconds(260), 1240));
  }
  SUBCASE("too fast is another server") {
    CHECK(epoch.lost_by_pcp(t + seconds(110), 1200));
  }
  SUBCASE("answers that overtook each other") {
    CHECK_FALSE(epoch.lost_by_pcp(t + seconds(100), 1099));
  }
  SUBCASE("back") {
    CHECK(epoch.lost_by_pcp(t + seconds(101), 1098));
  }
  SUBCASE("forgotten") {
    epoch.forget();
    CHECK_FALSE(epoch.lost_by_pcp(t + seconds(101), 1));
  }
}

TEST_CASE("the epoch by NAT-PMP's rule") {
  const TimePoint t{};
  Epoch epoch;
  CHECK_FALSE(epoch.lost_by_nat_pmp(t, 1000));
  SUBCASE("an eighth slow, and two seconds") {
    CHECK_FALSE(epoch.lost_by_nat_pmp(t + seconds(80), 1068));
  }
  SUBCASE("slower is a restart") {
    CHECK(epoch.lost_by_nat_pmp(t + seconds(80), 1067));
  }
  SUBCASE("ahead is fine") {
    CHECK_FALSE(epoch.lost_by_nat_pmp(t + seconds(80), 5000));
  }
}
