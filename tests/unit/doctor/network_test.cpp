// What measurements of the path show: from facts to findings.
#include "sbc/doctor/central_side.hpp"
#include "sbc/doctor/network_findings.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/doctor/box_facts.hpp"

using namespace dw;
using namespace dw::doctor;
using namespace dw::phones;
using dw::test::kNow;
using namespace std::chrono_literals;

namespace {

Endpoint at(std::string_view text) {
  return Endpoint::parse(text).value();
}

std::vector<Finding> found(const NetworkFacts& facts, bool hosted = false) {
  BoxFacts box;
  box.network = facts;
  box.hosted = hosted;
  return network_findings(box);
}

std::string codes(const std::vector<Finding>& all) {
  std::string out;
  for (const Finding& f : all) {
    CHECK_FALSE(f.seen.empty());
    out += (out.empty() ? "" : " ") + std::string(f.code) + ":" + std::string(to_string(f.severity));
  }
  return out;
}
std::string codes(const NetworkFacts& facts, bool hosted = false) {
  return codes(found(facts, hosted));
}

/// An edge box behind an ordinary router: one measurement, and nothing wrong.
NetworkFacts measured() {
  NetworkFacts n;
  n.measured_at = WallTime{};
  n.measured_against = "pbx:3478";
  n.local = at("192.168.1.10:40000");
  n.reflexive = at("203.0.113.101:40000");
  n.path = NatPath::nat;
  n.mapping = NatBehaviour::endpoint_independent;
  n.filtering = NatBehaviour::address_and_port_dependent;
  n.port_preserved = true;
  n.hairpin = true;
  n.udp_blocked = false;
  n.tftp_alg = false;
  n.mapping_lifetime = 120s;
  n.sip_alg = {{Transport::udp, true, "", {}, {}}, {Transport::tcp, true, "", {}, {}}};
  n.reach = {{"sccp", Transport::tcp, "pbx:2000", at("203.0.113.20:2000"), PortState::open, 12ms, ""},
             {"sip", Transport::udp, "pbx:5060", at("203.0.113.20:5060"), PortState::open, 13ms, ""},
             {"tftp", Transport::udp, "pbx", at("203.0.113.20:69"), PortState::not_tried, {}, ""}};
  n.dns = {{"pbx", {at("203.0.113.20:1").address}, 30ms, ""}};
  return n;
}

}  // namespace

TEST_CASE("nothing measured, nothing found; a public address neither") {
  CHECK(codes(NetworkFacts()) == "");
  NetworkFacts n = measured();
  n.path = NatPath::none;
  n.hairpin.reset();
  CHECK(codes(n) == "");
}

TEST_CASE("the kind of NAT is worth knowing, in words") {
  CHECK(codes(measured()) == "nat_kind:info");
  CHECK(found(measured())[0].seen ==
        "192.168.1.10:40000 is seen as 203.0.113.101:40000 by pbx:3478. Its mapping: the same for all; what "
        "it lets "
        "in: by address and port; it keeps port numbers.");
}

TEST_CASE("two NATs matter to whoever must be reached") {
  NetworkFacts n = measured();
  n.router_external = at("100.64.0.11:1").address;
  n.path = NatPath::carrier;
  CHECK(codes(n) == "carrier_nat:info");
  CHECK(codes(n, true) == "carrier_nat:error");
  n.path = NatPath::double_nat;
  CHECK(codes(n) == "double_nat:info");
  CHECK(codes(n, true) == "double_nat:error");
  CHECK(found(n, true)[0].seen.find("its own address is 100.64.0.11") != std::string::npos);
}

TEST_CASE("a central server without STUN or TFTP is no fault, a Dropwire that is silent there is") {
  NetworkFacts n = measured();
  n.path = NatPath::none;
  n.reflexive.reset();
  n.sip_alg = {{Transport::udp, true, "no answer", {}, {}}};
  n.reach = {{"http", Transport::tcp, "pbx:6970", at("203.0.113.20:6970"), PortState::open, 12ms, ""},
             {"tftp", Transport::udp, "pbx", at("203.0.113.20:69"), PortState::no_answer, {}, ""},
             {"stun", Transport::udp, "pbx:3478", at("203.0.113.20:3478"), PortState::no_answer, {}, ""}};
  CHECK(codes(n).find("port_blocked") == std::string::npos);
  n.reach[1].state = n.reach[2].state = PortState::refused;  // by ICMP
  CHECK(codes(n).find("port_refused") == std::string::npos);
  n.reach[1].state = n.reach[2].state = PortState::no_answer;
  n.http_proxy = {Transport::tcp, true, "", {}, {}};
  CHECK(codes(n).find("port_blocked:error") != std::string::npos);
  n.http_proxy = {};
  n.reach[0].state = PortState::no_answer;
  CHECK(codes(n).find("central_unreachable:error") != std::string::npos);
}

TEST_CASE("UDP that does not pass, and mappings that die early") {
  NetworkFacts n = measured();
  n.udp_blocked = true;
  n.stun_error = "no answer";
  CHECK(codes(n).find("udp_blocked:error") != std::string::npos);
  n = measured();
  n.mapping_lifetime = 15s;
  n.mapping_dead_at = 30s;
  CHECK(codes(n).find("mapping_short:warning") != std::string::npos);
  n.mapping_dead_at = 60s;
  CHECK(codes(n).find("mapping_short:info") != std::string::npos);
  n.mapping_dead_at = 120s;
  CHECK(codes(n) == "nat_kind:info");
  n.hairpin = false;
  CHECK(codes(n) == "nat_kind:info hairpin_missing:info");
}

TEST_CASE("helpers on the way: what was sent and what came") {
  NetworkFacts n = measured();
  n.tftp_alg = true;
  n.tftp_alg_seen = "a datagram from another port came in";
  n.sip_alg[0].differences = {{"Via sent-by", "192.168.1.10:5060", "203.0.113.101:5060"},
                              {"X-Test", "\x1b[31m", ""},
                              {"Route", "", "<sip:203.0.113.9>"},
                              {"SDP c=", "a", "b"}};
  n.sip_alg[1].error = "refused";
  n.http_proxy = {Transport::tcp, true, "", {{"X-Forwarded-For", "", "192.168.1.10"}}, {}};
  CHECK(codes(n) == "nat_kind:info tftp_alg_on_path:warning sip_alg_on_path:warning http_changed_on_path:warning");
  CHECK(found(n)[2].seen ==
        "A SIP message by UDP was changed: Via sent-by 192.168.1.10:5060 became 203.0.113.101:5060; X-Test "
        "?[31m was "
        "taken out; Route <sip:203.0.113.9> was added; and 1 more.");
  const std::string remedy = found(n)[2].remedy;
  CHECK(remedy.find("Xfinity") != std::string::npos);
  CHECK(remedy.find("Spectrum") != std::string::npos);
}

TEST_CASE("a SIP server that is spoken to by UDP need not listen on TCP, nor the other way round") {
  NetworkFacts n = measured();
  n.path = NatPath::none;
  Reach tcp = n.reach[1];
  tcp.transport = Transport::tcp;
  tcp.used = false;
  n.reach.push_back(tcp);
  for (const PortState state : {PortState::open, PortState::refused, PortState::no_answer, PortState::failed}) {
    n.reach.back().state = state;
    CHECK(codes(n) == "");
  }
  n.reach.back().used = true;
  n.reach.back().state = PortState::refused;
  CHECK(codes(n) == "port_refused:error");
}

TEST_CASE("a central server that has its files by TFTP alone may refuse HTTP") {
  NetworkFacts n = measured();
  n.path = NatPath::none;
  Reach http = n.reach[0], tftp = n.reach[0];
  http.service = "http";
  http.state = PortState::refused;
  tftp.service = "tftp";
  tftp.transport = Transport::udp;
  n.reach.push_back(http);
  CHECK(codes(n) == "port_refused:error");
  n.reach.push_back(tftp);
  CHECK(codes(n) == "port_refused:info");
  n.reach.back().state = PortState::no_answer;
  CHECK(codes(n).find("port_refused:error") != std::string::npos);
}

TEST_CASE("the central side: all of it, some of it, far away") {
  NetworkFacts n = measured();
  n.path = NatPath::none;
  n.reach[0].state = PortState::refused;
  CHECK(codes(n) == "port_refused:error");
  n.reach[1].state = PortState::no_answer;
  CHECK(codes(n) == "port_refused:error port_blocked:error");
  CHECK(found(n)[1].seen == "SIP at pbx:5060 (UDP) does not answer.");
  n.reach[0].state = PortState::failed;
  n.reach[0].error = "Network is unreachable";
  CHECK(codes(n) == "central_unreachable:error");
  CHECK(found(n)[0].seen == "No answer from SCCP at pbx:2000 (TCP), SIP at pbx:5060 (UDP).");
  n = measured();
  n.path = NatPath::none;
  n.reach[0].round_trip = 300ms;
  n.reach[1].round_trip = 310ms;
  CHECK(codes(n) == "central_far:info");
}

TEST_CASE("names") {
  NetworkFacts n = measured();
  n.path = NatPath::none;
  n.dns.push_back({"elsewhere", {}, {}, "no such name"});
  n.dns[0].took = 1500ms;
  CHECK(codes(n) == "dns_slow:warning dns_fails:error");
}

TEST_CASE("what the router must let in is spelled out") {
  BoxFacts box;
  box.network = measured();
  box.network.path = NatPath::none;
  box.forward = "UDP 5060, 20000-29999 and TCP 5060";
  nat::portmap::Facts& router = box.mapping.emplace();
  router.gateway = at("192.168.1.1:1").address;
  router.ours = at("192.168.1.10:1").address;
  router.wanted = 2;
  CHECK(codes(network_findings(box)) == "");  // not asked
  router.active = true;
  router.last_error = "it does not answer";
  CHECK(codes(network_findings(box)) == "port_forward_needed:info");
  const Finding refused = network_findings(box)[0];
  CHECK(refused.seen == "The router 192.168.1.1 granted 0 of 2 ports: it does not answer.");
  CHECK(refused.remedy.starts_with("Forward UDP 5060, 20000-29999 and TCP 5060 to 192.168.1.10. In the router's page"));
  router.granted.resize(2);
  CHECK(codes(network_findings(box)) == "");
  router.external = at("10.0.0.2:1").address;
  router.double_nat = true;
  CHECK(codes(network_findings(box)) == "double_nat:warning");
  box.network.path = NatPath::double_nat;
  CHECK(codes(network_findings(box)) == "double_nat:info");  // once
}

TEST_CASE("a hosted box behind a router says what to forward, whether somebody did or not") {
  BoxFacts box;
  box.network = measured();
  box.hosted = true;
  box.forward = "UDP 69";
  CHECK(codes(network_findings(box)) == "nat_kind:info port_forward_needed:info");
  CHECK(network_findings(box)[1].remedy.starts_with("Forward UDP 69 to 192.168.1.10. "));
}

TEST_CASE("a check that is older than its subject's last answer, or failure, is replaced by it") {
  NetworkFacts n = measured();
  n.measured_at = kNow - 60s;
  n.udp_blocked = true;
  n.dns = {{"pbx", {}, {}, "no such name"}, {"other", {}, {}, "no such name"}};
  n.reach = {{"sip", Transport::udp, "pbx:5060", at("203.0.113.20:5060"), PortState::no_answer, {}, "no answer"},
             {"sccp", Transport::tcp, "pbx:2000", at("203.0.113.20:2000"), PortState::open, 12ms, ""},
             {"http", Transport::tcp, "pbx:6970", at("203.0.113.20:6970"), PortState::refused, {}, "refused"}};
  CallServer sip{"pbx:5060", true, 1, "", {}, Protocol::sip, "udp"}, sccp{"pbx:2000", false, 0, "reset", {}};
  sip.last_answer = kNow - 5s;
  sccp.since = kNow - 7s;
  const OriginState origin{"http://pbx:6970/", true, "", kNow - 3s, {}};
  const NetworkFacts now = brought_up_to_date(n, {sip, sccp}, {origin});
  CHECK(now.reach[0].state == PortState::open);
  CHECK(now.reach[0].error == "");
  CHECK(now.reach[1].state == PortState::no_answer);
  CHECK(now.reach[1].error == "reset");
  CHECK(now.reach[2].state == PortState::open);
  CHECK(now.udp_blocked == false);
  CHECK(now.dns[0].error == "");
  CHECK(now.dns[1].error == "no such name");
  sip.last_answer = kNow - 61s;  // before it was measured: that counts
  sccp.since = kNow - 61s;
  const NetworkFacts before = brought_up_to_date(n, {sip, sccp}, {});
  CHECK(before.reach[0].state == PortState::no_answer);
  CHECK(before.reach[1].state == PortState::open);
  CHECK(before.udp_blocked == true);
}
