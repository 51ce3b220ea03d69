#include "nat/fast/core/loader_report.hpp"

#include <doctest/doctest.h>

namespace dw::nat::fast {
namespace {

using State = InterfaceReport::State;

Buffer written(const LoaderReport& report) {
  Buffer out;
  ByteWriter writer(out);
  write(writer, report);
  return out;
}

const LoaderReport kSome{
    .loaded = true,
    .refused = {},
    .more_interfaces = false,
    .interfaces = {{"eth0", State::attached, {}}, {"eth1", State::refused, "no clsact"}, {"eth0.5", State::vlan, {}}}};

TEST_CASE("loader report: its octets, by hand") {
  const Buffer expected = {0,   1,                           // version
                           1,                                // loaded
                           0,   0,                           // no reason
                           0,                                // no more interfaces
                           0,   3,                           // so many
                           4,   'e', 't', 'h', '0', 0,   0,  // attached
                           4,   'e', 't', 'h', '1', 1,   9,   'n', 'o', ' ', 'c', 'l', 's',
                           'a', 'c', 't', 6,   'e', 't', 'h', '0', '.', '5', 3,   0};
  CHECK(written(kSome) == expected);
  const auto read = parse_loader_report(expected);
  REQUIRE(read);
  CHECK(*read == kSome);
}

TEST_CASE("loader report: every prefix, and one octet more, is refused") {
  const Buffer whole = written(kSome);
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK_FALSE(parse_loader_report(Bytes(whole).first(length)));
  Buffer more = whole;
  more.push_back(0);
  CHECK_FALSE(parse_loader_report(more));
}

TEST_CASE("loader report: what is longer than its bound is cut when it is written, and refused when it is read") {
  LoaderReport report{.loaded = false, .refused = std::string(1000, 'x'), .more_interfaces = false, .interfaces = {}};
  for (int i = 0; i < 300; ++i)
    report.interfaces.push_back({std::string(40, 'n'), State::refused, std::string(400, 'w')});
  const Buffer octets = written(report);
  CHECK(octets.size() < LoaderReport::kMaxOctets);
  const auto read = parse_loader_report(octets);
  REQUIRE(read);
  CHECK(read->refused.size() == LoaderReport::kMaxRefused);
  CHECK(read->more_interfaces);
  REQUIRE(read->interfaces.size() == LoaderReport::kMaxInterfaces);
  CHECK(read->interfaces[0].name.size() == LoaderReport::kMaxName);
  CHECK(read->interfaces[0].why.size() == LoaderReport::kMaxWhy);

  const auto code = [](const Buffer& wrong) {
    const auto result = parse_loader_report(wrong);
    REQUIRE_FALSE(result);
    return result.error().code;
  };
  CHECK(code({0, 2, 1, 0, 0, 0, 0, 0}) == Errc::unsupported);
  CHECK(code({0, 1, 2, 0, 0, 0, 0, 0}) == Errc::malformed);
  CHECK(code({0, 1, 1, 0xff, 0xff, 0, 0, 0}) == Errc::too_long);
  CHECK(code({0, 1, 1, 0, 0, 0, 1, 1}) == Errc::too_long);
  CHECK(code({0, 1, 1, 0, 0, 0, 0, 1, 16}) == Errc::too_long);
  CHECK(code({0, 1, 1, 0, 0, 0, 0, 1, 1, 'a', 5, 0}) == Errc::malformed);
  CHECK(code({0, 1, 1, 0, 0, 0, 0, 1, 1, 'a', 1, 161}) == Errc::too_long);
}

TEST_CASE("loader report: in words") {
  CHECK(to_string(kSome.interfaces[0]) == "eth0: attached");
  CHECK(to_string(kSome.interfaces[1]) == "eth1: not attached: no clsact");
  CHECK(to_string(kSome.interfaces[2]) == "eth0.5: a VLAN, whose media stays with the sockets");
  CHECK(to_string(InterfaceReport{"tun0", State::not_ethernet, {}}) ==
        "tun0: not Ethernet, its media stays with the sockets");
  CHECK(to_string(InterfaceReport{"eth2", State::down, {}}) == "eth2: down");
}

}  // namespace
}  // namespace dw::nat::fast
