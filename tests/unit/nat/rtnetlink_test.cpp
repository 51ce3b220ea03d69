#include "nat/fast/core/rtnetlink.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdlib>

namespace dw::nat::fast {
namespace {

/// Hex digits and comments' worth of blanks, to octets. Both machines that we build for have the low octet first.
Buffer octets_of(std::string_view hex) {
  Buffer out;
  std::string digits;
  for (const char c : hex) {
    if (c == ' ') continue;
    digits += c;
    if (digits.size() < 2) continue;
    out.push_back(static_cast<std::uint8_t>(std::strtoul(digits.c_str(), nullptr, 16)));
    digits.clear();
  }
  return out;
}

// As Linux 6.18 lists them, with fewer attributes: nlmsghdr, ifinfomsg, attributes.
constexpr const char* kLoopback =
    "2c000000 1000 0200 01000000 f77b0000"   // 44 octets, RTM_NEWLINK, NLM_F_MULTI
    "00 00 0403 01000000 49000100 00000000"  // ARPHRD_LOOPBACK, index 1, UP LOOPBACK RUNNING
    "0700 0300 6c6f00 00"                    // IFLA_IFNAME "lo"
    "0400 1a80";                             // a nested attribute without any
constexpr const char* kNear =
    "3c000000 1000 0200 01000000 f77b0000"
    "00 00 0100 03000000 03100000 00000000"   // ARPHRD_ETHER, index 3, UP BROADCAST MULTICAST
    "0900 0300 6e65617200 000000"             // "near"
    "1000 1200 0900 0100 7665746800 000000";  // IFLA_LINKINFO { IFLA_INFO_KIND "veth" }
constexpr const char* kVlan =
    "3c000000 1000 0200 01000000 f77b0000"
    "00 00 0100 05000000 43100100 00000000"
    "0b00 0300 6e6561722e3500 00"             // "near.5"
    "1000 1200 0900 0100 766c616e00 000000";  // "vlan"
constexpr const char* kMember =
    "3000000010000200 01000000 f77b0000"
    "00 00 0100 02000000 02100000 00000000"
    "0800 0300 66617200"   // "far"
    "0800 0a00 04000000";  // IFLA_MASTER 4
constexpr const char* kDone = "14000000 0300 0200 01000000 f77b0000 00000000";

// nlmsghdr, tcmsg, attributes: the head of a priority's filters, and one that libbpf attached.
constexpr const char* kHead =
    "30000000 2c00 0200 01000000 f77b0000"
    "00 00 0000 03000000 00000000 f2ffffff 0003dc1e"  // index 3, handle 0, ingress, priority 7900, ETH_P_ALL
    "0800 0100 62706600"                              // TCA_KIND "bpf"
    "0400 0200";                                      // TCA_OPTIONS
constexpr const char* kFilter =
    "50000000 2c00 0200 01000000 f77b0000"
    "00 00 0000 03000000 700d0000 f2ffffff 0003dc1e"
    "0800 0100 62706600"
    "2400 0200"
    "1700 0700 64726f70776972655f6d656469613a5b375d00 00"  // TCA_BPF_NAME "dropwire_media:[7]"
    "0800 0800 01000000";                                  // TCA_BPF_FLAGS, direct action

std::vector<Link> links_of(const Buffer& datagram, Dump& dump) {
  std::vector<Link> out;
  read_links(datagram, out, dump);
  return out;
}
std::vector<Filter> filters_of(const Buffer& datagram, Dump& dump) {
  std::vector<Filter> out;
  read_filters(datagram, out, dump);
  return out;
}

TEST_CASE("rtnetlink: interfaces as the kernel lists them") {
  Dump dump;
  const auto links = links_of(octets_of(std::string(kLoopback) + kNear + kVlan + kMember + kDone), dump);
  CHECK(dump.done);
  CHECK(dump.error == 0);
  CHECK_FALSE(dump.changed);
  REQUIRE(links.size() == 4);
  CHECK(links[0] == Link{.index = 1, .name = "lo", .up = true, .loopback = true});
  CHECK(links[1] == Link{.index = 3, .name = "near", .up = true, .ethernet = true});
  CHECK(links[2] == Link{.index = 5, .name = "near.5", .up = true, .ethernet = true, .vlan = true});
  CHECK(links[3] == Link{.index = 2, .name = "far", .ethernet = true, .member = true});
}

TEST_CASE("rtnetlink: an interface's filters") {
  Dump dump;
  const auto filters = filters_of(octets_of(std::string(kHead) + kFilter + kDone), dump);
  CHECK(dump.done);
  CHECK(dump.error == 0);
  REQUIRE(filters.size() == 2);
  CHECK(filters[0] == Filter{7900, 0, ""});
  CHECK(filters[1] == Filter{7900, 0xd70, "dropwire_media:[7]"});
}

TEST_CASE("rtnetlink: an error, a list that changed, and another kind of message") {
  Dump refused;
  (void)links_of(octets_of("24000000 0200 0000 01000000 00000000 ffffffff 20000000 12000103 01000000 00000000"),
                 refused);
  CHECK(refused.done);
  CHECK(refused.error == EPERM);
  Dump changed;
  (void)links_of(octets_of("14000000 0300 1200 01000000 f77b0000 00000000"), changed);
  CHECK(changed.done);
  CHECK(changed.changed);
  Dump other;
  CHECK(links_of(octets_of(kFilter), other).empty());
  CHECK_FALSE(other.done);
  CHECK(other.error == 0);
}

TEST_CASE("rtnetlink: what was cut off anywhere is an error or lacks the last ones, and nothing is read behind it") {
  const Buffer links = octets_of(std::string(kLoopback) + kNear + kVlan + kMember + kDone);
  const Buffer filters = octets_of(std::string(kHead) + kFilter + kDone);
  for (std::size_t length = 0; length < links.size(); ++length) {
    Dump dump;
    const auto some = links_of(Buffer(links.begin(), links.begin() + static_cast<std::ptrdiff_t>(length)), dump);
    CHECK_FALSE(dump.done);
    CHECK(some.size() <= 4);
  }
  for (std::size_t length = 0; length < filters.size(); ++length) {
    Dump dump;
    const auto some = filters_of(Buffer(filters.begin(), filters.begin() + static_cast<std::ptrdiff_t>(length)), dump);
    CHECK_FALSE(dump.done);
    CHECK(some.size() <= 2);
  }
}

}  // namespace
}  // namespace dw::nat::fast
