// Who may reach a port through the router: which networks that is, and what is asked after a refusal.
#include "nat/core/portmap/filter.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace dw;
using namespace dw::nat::portmap;

namespace {

std::vector<IpNetwork> some_networks(std::initializer_list<const char*> texts) {
  std::vector<IpNetwork> all;
  for (const char* text : texts)
    all.push_back(*IpNetwork::parse(text));
  return all;
}

std::vector<IpNetwork> asked_for(const PeerFilter& filter) {
  return {filter.peers().begin(), filter.peers().end()};
}

}  // namespace

TEST_CASE("port filter: networks within others go, halves become one, and nobody else gets in") {
  PeerFilter filter;
  CHECK(filter.set(some_networks({"203.0.113.21", "10.0.0.0/8", "203.0.113.20", "10.1.2.3", "203.0.113.22/31",
                                  "198.51.100.1", "198.51.100.1"}),
                   ""));
  CHECK(asked_for(filter) == some_networks({"10.0.0.0/8", "198.51.100.1", "203.0.113.20/30"}));
  CHECK_FALSE(filter.open());
}

TEST_CASE("port filter: merged networks have the same addresses as before") {
  std::mt19937 random(3);
  const auto number = [&random](std::uint32_t below) { return static_cast<std::uint32_t>(random() % below); };
  for (int round = 0; round < 200; ++round) {
    std::vector<IpNetwork> networks;
    for (int i = 0; i < 12; ++i)
      networks.push_back(IpNetwork::around(IpAddress::v4(0xcb007100 + number(64)), 26 + number(7)));
    PeerFilter filter;
    filter.set(networks, "");
    const auto merged = asked_for(filter);
    CHECK(merged.size() <= networks.size());
    for (std::uint32_t low = 0; low < 256; ++low) {
      const IpAddress one = IpAddress::v4(0xcb007100 + low);
      const auto has = [&one](const IpNetwork& n) { return n.contains(one); };
      CHECK(std::ranges::any_of(networks, has) == std::ranges::any_of(merged, has));
    }
  }
}

TEST_CASE("port filter: the same set in another order is no change, another one is a new request") {
  PeerFilter filter;
  filter.set(some_networks({"203.0.113.20", "10.0.0.0/8"}), "");
  const unsigned before = filter.version();
  CHECK_FALSE(filter.set(some_networks({"10.0.0.0/8", "203.0.113.20"}), ""));
  CHECK(filter.version() == before);
  CHECK(filter.set(some_networks({"10.0.0.0/8"}), ""));
  CHECK(filter.version() != before);
}

TEST_CASE("port filter: a router that knows none is asked for nothing, one that takes fewer for none at all") {
  PeerFilter filter;
  filter.set(some_networks({"203.0.113.20"}), "");
  SUBCASE("UNSUPP_OPTION") {
    CHECK(filter.refused(filter.version(), pcp::Code::unsupported_option));
    CHECK_FALSE(filter.is_asked());
  }
  SUBCASE("MALFORMED_REQUEST, of one that reads no options") {
    CHECK(filter.refused(filter.version(), pcp::Code::malformed_request));
    CHECK_FALSE(filter.is_asked());
  }
  SUBCASE("EXCESSIVE_REMOTE_PEERS") {
    CHECK(filter.refused(filter.version(), pcp::Code::excessive_remote_peers));
    CHECK(filter.is_asked());
    CHECK(filter.peers().empty());
    CHECK(filter.refused(filter.version(), pcp::Code::unsupported_option));
    CHECK_FALSE(filter.is_asked());
  }
  CHECK(filter.open());
  CHECK_FALSE(filter.why().empty());
  const unsigned last = filter.version();
  CHECK(filter.refused(last - 1, pcp::Code::unsupported_option));  // of a request before: sent again as it is now
  CHECK(filter.version() == last);
  CHECK((filter.is_asked() || !filter.refused(last, pcp::Code::unsupported_option)));
  filter.begin();
  CHECK_FALSE(filter.open());
}

TEST_CASE("port filter: what else a router says is no refusal of the filter, and what was asked without one neither") {
  PeerFilter filter;
  filter.set(some_networks({"203.0.113.20"}), "");
  for (const auto code :
       {pcp::Code::success, pcp::Code::not_authorized, pcp::Code::no_resources, pcp::Code::address_mismatch})
    CHECK_FALSE(filter.refused(filter.version(), code));
  CHECK_FALSE(filter.refused(0, pcp::Code::unsupported_option));
  CHECK_FALSE(filter.open());
}

TEST_CASE("port filter: more networks than a request can name are not cut down to some of them") {
  std::vector<IpNetwork> many;
  for (std::uint32_t i = 0; i <= pcp::kMaxFilters; ++i)
    many.push_back(IpNetwork::around(IpAddress::v4(0xcb000001 + 4 * i), 32));
  PeerFilter filter;
  filter.set(many, "");
  CHECK(filter.open());
  CHECK(filter.is_asked());  // one of an earlier run may be there
  CHECK(filter.peers().empty());
  many.pop_back();
  filter.set(many, "");
  CHECK_FALSE(filter.open());
  CHECK(filter.peers().size() == pcp::kMaxFilters);
}

TEST_CASE("port filter: everybody may come until somebody says who") {
  PeerFilter filter;
  CHECK_FALSE(filter.wanted());
  CHECK(filter.open());
  CHECK(filter.why().empty());
  CHECK(filter.set(std::nullopt, "a registered phone stands outside"));
  CHECK(filter.why() == "a registered phone stands outside");
}
