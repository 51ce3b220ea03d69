#include "tests/loop/net/sip_lookup_fixture.hpp"

using namespace dw;
using namespace std::chrono_literals;
using net::SipTransport;
using namespace dw::sip_lookup_test;

TEST_CASE("a literal is its own answer, and no DNS server is asked") {
  Net net;
  CHECK(words(net.look_up("192.0.2.7")) == "192.0.2.7:5060");
  CHECK(words(net.look_up("192.0.2.7", SipTransport::tls)) == "192.0.2.7:5061");
  CHECK(words(net.look_up("[2001:db8::7]:5070", SipTransport::tcp)) == "[2001:db8::7]:5070");
  CHECK((*net.look_up("192.0.2.7"))->ttl == net::SipLookup::kMaxTtl);
  CHECK(net.dns.udp_asked.empty());
}

TEST_CASE("a name with a port has addresses, and SRV is not asked") {
  Net net;
  net.dns.say_addresses("pbx.example.net", {"192.0.2.1", "192.0.2.2"}, 120);
  const FoundTargets found = net.look_up("pbx.example.net:5070");
  REQUIRE(found->has_value());
  CHECK((*found)->endpoints.size() == 2);
  for (const Endpoint& e : (*found)->endpoints)
    CHECK(e.port == 5070);
  CHECK((*found)->ttl == 120s);
  CHECK(net.asked("_sip._udp.pbx.example.net", test::kSrv) == 0);
}

TEST_CASE("both families are found, an alias is followed, and its time to live counts") {
  Net net;
  net.dns.say("pbx.example.net", test::kA,
              {{test::cname("pbx.example.net", "a.example.net", 40), test::address("a.example.net", "192.0.2.1")}});
  net.dns.say("pbx.example.net", test::kAaaa,
              {{test::cname("pbx.example.net", "a.example.net", 50), test::address("a.example.net", "2001:db8::1")}});
  const FoundTargets found = net.look_up("pbx.example.net:5060");
  REQUIRE(found->has_value());
  CHECK((*found)->endpoints.size() == 2);
  CHECK(std::ranges::count((*found)->endpoints, *Endpoint::parse("192.0.2.1:5060")) == 1);
  CHECK(std::ranges::count((*found)->endpoints, *Endpoint::parse("[2001:db8::1]:5060")) == 1);
  CHECK((*found)->ttl == 40s);
}

TEST_CASE("a name without a port is asked for SRV: by priority, then by weight, each with its own port") {
  Net net;
  const std::string name = "_sip._udp.example.net";
  net.dns.say(name, test::kSrv,
              {{test::srv(name, 20, 0, 5063, "c.example.net"), test::srv(name, 10, 90, 5062, "b.example.net"),
                test::srv(name, 10, 10, 5061, "a.example.net", 200)}});
  net.dns.say_addresses("a.example.net", {"192.0.2.1"});
  net.dns.say_addresses("b.example.net", {"192.0.2.2"});
  net.dns.say_addresses("c.example.net", {"192.0.2.3"});
  const FoundTargets found = net.look_up("example.net");
  CHECK(words(found) == "192.0.2.2:5062 192.0.2.1:5061 192.0.2.3:5063");  // 0 draws the first of those in turn
  CHECK((*found)->ttl == 200s);
  CHECK(net.asked("example.net", test::kA) == 0);
}

TEST_CASE("the transport picks the SRV name and the usual port") {
  for (const auto& [transport, prefix, port] : {std::tuple(SipTransport::udp, "_sip._udp.", "5060"),
                                                {SipTransport::tcp, "_sip._tcp.", "5060"},
                                                {SipTransport::tls, "_sips._tcp.", "5061"}}) {
    CAPTURE(prefix);
    Net net;
    const std::string name = std::string(prefix) + "example.net";
    net.dns.say_addresses("example.net", {"192.0.2.1"});
    CHECK(words(net.look_up("example.net", transport)) == std::string("192.0.2.1:") + port);
    CHECK(net.asked(name, test::kSrv) == 1);
    CHECK(net.dns.udp_asked.size() == 3);  // that, A and AAAA
  }
}

TEST_CASE(
    "without SRV records the name's own addresses are taken, be it NXDOMAIN, no data or an alias to "
    "nothing") {
  const std::string name = "_sip._udp.example.net";
  for (const test::DnsReply& nothing : {test::DnsReply{.flags = test::kNxDomain}, test::DnsReply{},
                                        test::DnsReply{{test::cname(name, "nowhere.example.net")}}}) {
    Net net;
    net.dns.say(name, test::kSrv, nothing);
    net.dns.say_addresses("example.net", {"192.0.2.1"});
    CHECK(words(net.look_up("example.net")) == "192.0.2.1:5060");
  }
}

TEST_CASE("an SRV target that is the root: no SIP there, and nothing else is asked") {
  Net net;
  const std::string name = "_sip._tcp.example.net";
  net.dns.say(name, test::kSrv, {{test::srv(name, 0, 0, 0, "")}});
  net.dns.say_addresses("example.net", {"192.0.2.1"});
  const FoundTargets found = net.look_up("example.net", SipTransport::tcp);
  CHECK(words(found) == error_of(Errc::unavailable));
  CHECK(found->error().text == "\"example.net\" offers no SIP over TCP: its SRV record says so");
  CHECK(net.dns.udp_asked.size() == 1);
}

TEST_CASE("additional addresses of an SRV answer are not trusted: the target is looked up") {
  Net net;
  const std::string name = "_sip._udp.example.net";
  net.dns.say(name, test::kSrv,
              {{test::srv(name, 1, 1, 5060, "pbx.example.net")}, {test::address("pbx.example.net", "203.0.113.66")}});
  net.dns.say_addresses("pbx.example.net", {"192.0.2.1"});
  CHECK(words(net.look_up("example.net")) == "192.0.2.1:5060");
}

TEST_CASE("a target without addresses is passed over, and all of them are an error") {
  Net net;
  const std::string name = "_sip._udp.example.net";
  net.dns.say(
      name, test::kSrv,
      {{test::srv(name, 1, 0, 5060, "gone.example.net", 3600), test::srv(name, 2, 0, 5060, "pbx.example.net", 3600)}});
  const FoundTargets none = net.look_up("example.net");
  CHECK(words(none) == error_of(Errc::not_found));
  CHECK(none->error().text.find("gone.example.net") != std::string::npos);
  net.dns.say_addresses("pbx.example.net", {"192.0.2.1"}, 3600);
  const FoundTargets found = net.look_up("example.net");
  CHECK(words(found) == "192.0.2.1:5060");
  CHECK((*found)->ttl == 3600s);  // that a name does not exist is an answer
}

TEST_CASE("a target that can't be asked is passed over, and asked again soon") {
  Net net;
  const std::string name = "_sip._udp.example.net";
  net.dns.say(
      name, test::kSrv,
      {{test::srv(name, 1, 0, 5060, "a.example.net", 3600), test::srv(name, 2, 0, 5060, "b.example.net", 3600)}});
  net.dns.say("a.example.net", test::kA, {.flags = test::kServFail});
  net.dns.say("a.example.net", test::kAaaa, {.flags = test::kServFail});
  net.dns.say_addresses("b.example.net", {"192.0.2.2"}, 3600);
  const FoundTargets found = net.look_up("example.net");
  CHECK(words(found) == "192.0.2.2:5060");
  CHECK((*found)->ttl == net::SipLookup::kPartTtl);
}

TEST_CASE("two targets of one address and port are one endpoint, of two ports two") {
  Net net;
  const std::string name = "_sip._udp.example.net";
  net.dns.say(name, test::kSrv,
              {{test::srv(name, 1, 0, 5060, "a.example.net"), test::srv(name, 2, 0, 5060, "b.example.net"),
                test::srv(name, 3, 0, 5070, "b.example.net")}});
  net.dns.say_addresses("a.example.net", {"192.0.2.1"});
  net.dns.say_addresses("b.example.net", {"192.0.2.1"});
  CHECK(words(net.look_up("example.net")) == "192.0.2.1:5060 192.0.2.1:5070");
}

TEST_CASE("bounds: the number of SRV records used, and of addresses") {
  Net net;
  const std::string name = "_sip._udp.example.net";
  test::DnsReply reply;
  for (unsigned i = 0; i < net::SipLookup::kMaxTargets + 4; ++i) {  // in reverse: the last ones are the best
    const auto priority = static_cast<std::uint16_t>(100 - i);
    const std::string host = "h" + std::to_string(priority) + ".net";
    reply.answers.push_back(test::srv(name, priority, 0, 5060, host));
    net.dns.say_addresses(host, {("192.0.2." + std::to_string(priority)).c_str(), "198.51.100.1"});
  }
  net.dns.say(name, test::kSrv, reply);
  net.dns.say_by_udp(name, test::kSrv, {.flags = test::kTruncated});  // it does not fit a datagram
  const FoundTargets found = net.look_up("example.net");
  REQUIRE(found->has_value());
  CHECK((*found)->endpoints.size() == net::SipLookup::kMaxEndpoints);
  CHECK(net.asked("h81.net", test::kA) == 1);
  CHECK(net.asked("h96.net", test::kA) == 1);
  CHECK(net.asked("h97.net", test::kA) == 0);
  CHECK(net.dns.tcp_asked.size() == 1);
}

TEST_CASE("the time to live is kept within its bounds") {
  Net net;
  net.dns.say_addresses("short.example.net", {"192.0.2.1"}, 0);
  net.dns.say_addresses("long.example.net", {"192.0.2.1"}, 604800);
  CHECK((*net.look_up("short.example.net:5060"))->ttl == net::SipLookup::kMinTtl);
  CHECK((*net.look_up("long.example.net:5060"))->ttl == net::SipLookup::kMaxTtl);
}

TEST_CASE("a name that does not exist, and one that can't") {
  Net net;
  const FoundTargets found = net.look_up("nowhere.example.net");
  CHECK(words(found) == error_of(Errc::not_found));
  CHECK(found->error().text.find("\"nowhere.example.net\"") != std::string::npos);
  const std::string label(64, 'x');  // longer than RFC 1035 §2.3.4 allows
  CHECK(words(net.look_up((label + ".example.net").c_str())) == error_of(Errc::invalid));
}
