#include "sbc/doctor/nat_path.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace dw::doctor;
using namespace dw::phones;

namespace {

IpAddress address_of(std::string_view text) {
  return text.empty() ? IpAddress{} : *IpAddress::parse(text);
}
NetworkFacts facts(std::string_view local, std::string_view reflexive, std::vector<std::string_view> hops = {},
                   std::string_view router = "") {
  NetworkFacts f;
  f.local = Endpoint{address_of(local), 50000};
  f.reflexive = Endpoint{address_of(reflexive), 50000};
  for (const auto hop : hops)
    f.hops.push_back(address_of(hop));
  if (!router.empty()) f.router_external = address_of(router);
  return f;
}
NatPath path(NetworkFacts f) {
  conclude(f, {});
  return f.path;
}
Reach reach(Transport transport, PortState state) {
  return {"x", transport, "x", {}, state, {}, {}};
}

}  // namespace

TEST_CASE("nat path: what stands between") {
  CHECK(path({}) == NatPath::unknown);
  CHECK(path(facts("203.0.113.5", "203.0.113.5")) == NatPath::none);
  CHECK(path(facts("192.168.1.10", "203.0.113.5", {"192.168.1.1", "203.0.113.1", "", "198.51.100.1"})) == NatPath::nat);
  CHECK(path(facts("192.168.1.10", "203.0.113.5")) == NatPath::nat);
  CHECK(path(facts("100.64.3.4", "203.0.113.5")) == NatPath::carrier);
  CHECK(path(facts("192.168.1.10", "203.0.113.5", {"192.168.1.1", "100.64.0.1"})) == NatPath::carrier);
  CHECK(path(facts("192.168.1.10", "203.0.113.5", {"192.168.1.1", "10.0.0.1"})) == NatPath::double_nat);
  CHECK(path(facts("192.168.1.10", "203.0.113.5", {}, "203.0.113.5")) == NatPath::nat);
  CHECK(path(facts("192.168.1.10", "203.0.113.5", {}, "100.127.255.1")) == NatPath::carrier);
  CHECK(path(facts("192.168.1.10", "203.0.113.5", {}, "198.51.100.9")) == NatPath::carrier);
  CHECK(path(facts("192.168.1.10", "203.0.113.5", {}, "192.168.178.20")) == NatPath::double_nat);
  // What the router says of itself is better than what hops look like.
  CHECK(path(facts("192.168.1.10", "203.0.113.5", {"192.168.1.1", "10.0.0.1"}, "203.0.113.5")) == NatPath::nat);
}

TEST_CASE("nat path: UDP is blocked when none of it is answered, and the same side answers by TCP") {
  NetworkFacts f;
  f.reach = {reach(Transport::udp, PortState::no_answer), reach(Transport::tcp, PortState::open)};
  conclude(f, {});
  CHECK_FALSE(f.udp_blocked);  // it may just have no such service
  f.http_proxy = {Transport::tcp, true, "", {}, {}};
  conclude(f, {});
  CHECK(f.udp_blocked == true);  // a Dropwire has
  f.http_proxy = {Transport::tcp, true, "no answer", {}, {}};
  f.reach.push_back(reach(Transport::udp, PortState::no_answer));
  conclude(f, {});
  CHECK_FALSE(f.udp_blocked);
  f.reach.push_back(reach(Transport::udp, PortState::no_answer));
  conclude(f, {});
  CHECK(f.udp_blocked == true);
  f.reach.push_back(reach(Transport::udp, PortState::open));
  conclude(f, {});
  CHECK(f.udp_blocked == false);
  f.reach = {reach(Transport::udp, PortState::no_answer), reach(Transport::tcp, PortState::no_answer)};
  conclude(f, {});
  CHECK_FALSE(f.udp_blocked);
  f.reach = {reach(Transport::tcp, PortState::open)};
  conclude(f, {});
  CHECK_FALSE(f.udp_blocked);
}

TEST_CASE("nat path: a TFTP gateway is recognised by what filtering does not allow otherwise") {
  NetworkFacts f;
  conclude(f, {});
  CHECK_FALSE(f.tftp_alg);
  conclude(f, true);
  CHECK_FALSE(f.tftp_alg);
  f.filtering = NatBehaviour::endpoint_independent;
  conclude(f, true);
  CHECK_FALSE(f.tftp_alg);
  conclude(f, false);
  CHECK(f.tftp_alg == false);
  f.filtering = NatBehaviour::address_and_port_dependent;
  conclude(f, true);
  CHECK(f.tftp_alg == true);
}
