// What is wrong with the box: from facts to findings.
#include "sbc/doctor/box.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <vector>

#include "sbc/doctor/box_causes.hpp"
#include "sbc/doctor/central_side.hpp"
#include "tests/unit/doctor/box_facts.hpp"

using namespace dw;
using namespace dw::doctor;
using namespace dw::phones;
using dw::test::kNow;
using namespace std::chrono_literals;
using test::box_without_daemon;
using test::healthy_box;

namespace {

std::string codes(const BoxFacts& box, WallTime now = kNow) {
  std::string out;
  for (const Finding& finding : box_findings(box, now)) {
    CHECK_FALSE(finding.seen.empty());
    CHECK_FALSE(finding.means.empty());
    CHECK_FALSE(finding.remedy.empty());
    out += (out.empty() ? "" : " ") + std::string(finding.code) + ":" + std::string(to_string(finding.severity));
  }
  return out;
}

}  // namespace

TEST_CASE("a healthy daemon finds nothing wrong with itself") {
  CHECK(codes(healthy_box()) == "");
}

TEST_CASE("a daemon that is not there is a finding; one that we may not ask is a smaller one") {
  CHECK(codes(box_without_daemon()) == "not_running:error");
  BoxFacts box = box_without_daemon();
  box.daemon = BoxFacts::Daemon::forbidden;
  CHECK(codes(box) == "not_allowed:warning");
}

TEST_CASE("call servers that can't be reached: some, or all") {
  BoxFacts box = healthy_box();
  box.own->call_servers[0].up = false;
  box.own->call_servers[0].last_error = "connection refused";
  CHECK(codes(box) == "call_server_down:warning");
  CHECK(box_findings(box, kNow)[0].seen == "The call server pbx:2000 can't be reached: connection refused");
  box.own->call_servers[1].up = false;
  CHECK(codes(box) == "call_server_down:error call_server_down:error");
  box.own->sccp_enabled = false;
  CHECK(codes(box) == "");
}

TEST_CASE("SCCP without a call server") {
  BoxFacts box = healthy_box();
  box.own->sccp_servers = 0;
  CHECK(codes(box) == "no_call_servers:warning");
  box.own->sccp_enabled = false;
  CHECK(codes(box) == "");
}

TEST_CASE("SIP servers that do not answer: some, or all, and SCCP's are not concerned") {
  BoxFacts box = healthy_box();
  auto& servers = box.own->call_servers;
  servers[0].phones = servers[1].phones = 0;
  servers[2].up = false;
  servers[2].last_error = "no answer to OPTIONS";
  CHECK(codes(box) == "sip_server_down:warning");
  auto found = box_findings(box, kNow);
  CHECK(found[0].seen == "The SIP server pbx:5060 does not answer: no answer to OPTIONS");
  CHECK(found[0].remedy.find("OPTIONS") != std::string::npos);
  servers[3].up = false;
  servers[3].last_error = "connection refused";
  CHECK(codes(box) == "sip_server_down:error sip_server_down:error");
  constexpr std::string_view kOff = "If no phone here has SIP firmware: access.sip.enable = false.";
  CHECK(box_findings(box, kNow)[0].remedy.ends_with(kOff));
  box.own->sip_phones = true;
  CHECK(box_findings(box, kNow)[0].remedy.find(kOff) == std::string::npos);
  box.own->sip_phones = false;
  found = box_findings(box, kNow);
  CHECK(found[1].seen == "The SIP server backup:5060 can't be reached: connection refused");
  CHECK(found[1].means == "No phone can register or call by SIP until it answers.");
  SUBCASE("it is switched off") {
    box.own->services[1].enabled = false;
  }
  SUBCASE("all phones here have SCCP firmware, and a server") {
    servers[0].phones = 3;
    CHECK(codes(box) == "sip_server_down:info sip_server_down:info");
    box.own->sip_phones = true;
    CHECK(codes(box) == "sip_server_down:error sip_server_down:error");
    return;
  }
  CHECK(codes(box) == "");
}

TEST_CASE("a server: one that nobody tried is no fault, one that was asked and never answered is") {
  BoxFacts box = healthy_box();
  CallServer& server = box.own->call_servers[0];
  using State = CallServer::State;
  CHECK(server.state() == State::untried);
  server.since = kNow - 10s;
  CHECK(server.state() == State::silent);
  CHECK(codes(box) == "");
  server.since = kNow - 100s;
  CHECK(codes(box) == "call_server_down:warning");
  CHECK(box_findings(box, kNow)[0].seen ==
        "The call server pbx:2000 can't be reached; it has not answered since it was asked first, 1 min 40 s ago");
  server.last_answer = kNow - 3s;
  CHECK(server.state() == State::up);
  CHECK(codes(box) == "");
  server.up = false;
  server.last_error = "refused";
  server.last_answer = kNow - 100s;
  CHECK(server.state() == State::down);
  CHECK(box_findings(box, kNow)[0].seen ==
        "The call server pbx:2000 can't be reached: refused; it answered last 1 min 40 s ago");
}

TEST_CASE("a server that is down is one finding, whatever else was measured of it") {
  BoxFacts box = healthy_box();
  box.own->sip_phones = true;
  CallServer& server = box.own->call_servers[2];
  server.up = false;
  server.last_error = "nothing listens there";
  box.network.measured_at = kNow - 30s;
  const Endpoint at = *Endpoint::parse("203.0.113.20:5060");
  box.network.reach = {{"sip", Transport::udp, "pbx:5060", at, PortState::refused, {}, ""},
                       {"sccp", Transport::tcp, "pbx:2000", at, PortState::open, 12ms, ""}};
  CHECK(codes(box) == "sip_server_down:warning");
  box.network.reach[0].state = PortState::no_answer;
  CHECK(codes(box) == "sip_server_down:warning");
  SUBCASE("it answered after that was measured") {
    server.up = true;
    server.last_answer = kNow - 10s;
    CHECK(codes(box) == "");
    server.last_answer = kNow - 40s;
    CHECK(codes(box) == "port_blocked:error");
  }
  SUBCASE("an origin") {
    box.own->origins[0].healthy = false;
    box.network.reach[0] = {"http", Transport::tcp, "pbx:6970", at, PortState::refused, {}, ""};
    server.up = true;
    CHECK(codes(box) == "origin_down:warning");
  }
  SUBCASE("nothing of the central side answers: that is the one finding") {
    box.network.reach[1].state = PortState::no_answer;
    box.own->call_servers[0].up = false;
    box.own->origins[0].healthy = false;
    box.network.reach.push_back({"http", Transport::tcp, "pbx:6970", at, PortState::no_answer, {}, ""});
    CHECK(codes(box) == "central_unreachable:error");
  }
}

TEST_CASE("where an origin is, as a probe names it") {
  CHECK(host_port_of("http://pbx/files/") == "pbx:80");
  CHECK(host_port_of("https://pbx:8443/") == "pbx:8443");
  CHECK(host_port_of("tftp://[2001:db8::1]/") == "[2001:db8::1]:69");
  CHECK(host_port_of("file:///srv/tftp") == "");
  CHECK(host_port_of("pbx") == "");
}

TEST_CASE("SIP that is off, does not listen, or has no server") {
  BoxFacts box = healthy_box();
  Service& sip = box.own->services[1];
  sip.enabled = false;
  CHECK(codes(box) == "");
  box.own->sip_phones = true;
  CHECK(codes(box) == "sip_off:warning");
  sip.enabled = true;
  sip.error = "Address already in use";
  CHECK(codes(box) == "listener_down:error");
  sip.error.clear();
  box.own->sip_servers = 0;
  CHECK(codes(box) == "no_sip_servers:warning");
  box.own->services.pop_back();
  CHECK(codes(box) == "");  // no such service at all
}

TEST_CASE("origins: none, some down, all down, and nothing is kept") {
  BoxFacts box = healthy_box();
  box.own->origins[0].healthy = false;
  box.own->origins[0].last_error = "timed out";
  CHECK(codes(box) == "origin_down:warning");
  CHECK(box_findings(box, kNow)[0].means == "Files come from the other file servers meanwhile.");
  box.own->origins[0].has_answered = false;
  CHECK(codes(box) == "origin_never_answered:info");
  box.own->origins[1].healthy = false;
  CHECK(codes(box) == "origin_down:error origin_down:error");
  box.own->origins.clear();
  CHECK(codes(box) == "no_origins:error");
  box = healthy_box();
  box.own->cache.storing = false;
  CHECK(codes(box) == "cache_off:warning");
  box.own->cache_enabled = false;
  CHECK(box_findings(box, kNow)[0].remedy == "Set cache.enable = true.");
  box = healthy_box();
  box.origins_here = {"http://192.168.1.5:6970/"};
  CHECK(codes(box) == "origin_is_this_box:error");
}

TEST_CASE("a box that is not configured: that is the one finding, and it says who can reach the box") {
  BoxFacts box = healthy_box();
  box.own->configured = false;
  box.own->phone_addresses.clear();
  box.own->origins.clear();
  box.own->call_servers.clear();
  box.own->sccp_servers = box.own->sip_servers = 0;
  CHECK(codes(box) == "not_configured:error");
  CHECK(box_findings(box, kNow)[0].means.find("can register") != std::string::npos);
  box.own->loopback_only = true;
  CHECK(codes(box) == "not_configured:error");
  CHECK(box_findings(box, kNow)[0].means.find("127.0.0.1 only") != std::string::npos);
}

TEST_CASE("media ports: from four in five on, and when none is left") {
  BoxFacts box = healthy_box();
  box.own->media.streams = 2000;
  CHECK(codes(box) == "media_ports_used_up:warning");
  box.own->media.streams = 2500;
  CHECK(codes(box) == "media_ports_used_up:error");
  box.own->media = {0, 0};
  CHECK(codes(box) == "");
}

TEST_CASE("a box that throws audio away as it is too slow says so itself, and a single hiccup is nothing") {
  BoxFacts box = healthy_box();
  box.own->media.lately = 100'000;
  box.own->media.dropped = 999;
  CHECK(codes(box) == "");
  box.own->media.dropped = 1000;
  CHECK(codes(box) == "media_too_slow:error");
  CHECK(box_findings(box, kNow)[0].seen.find("1000 of 100000 audio packets (1.0 %)") != std::string::npos);
  const auto remedy = [&] { return box_findings(box, kNow)[0].remedy; };
  CHECK(remedy().find("kernel") == std::string::npos);
  box.own->media.fast_path = {FastPathState::State::unavailable, "the loader does not run", 0, {}};
  CHECK(remedy().ends_with("but does not: the loader does not run."));
  box.own->media.fast_path.state = FastPathState::State::on;
  CHECK(remedy().find("kernel") == std::string::npos);
  box.own->media.lately = 4000;
  box.own->media.dropped = 400;  // a stall of a second
  CHECK(codes(box) == "");
}

TEST_CASE("no address for phones is no more than worth knowing while only loopback is listened on") {
  BoxFacts box = healthy_box();
  box.own->phone_addresses.clear();
  CHECK(codes(box) == "no_address:error");
  box.own->loopback_only = true;
  CHECK(codes(box) == "no_address:info");
}

TEST_CASE("ports") {
  BoxFacts box = box_without_daemon();
  const Endpoint at = *Endpoint::parse("0.0.0.0:69");
  box.ports = {{"access.tftp.port", at, true, PortUse::State::free, "", ""},
               {"access.tftp.port", at, true, PortUse::State::taken, "dnsmasq (process 812)", ""},
               {"access.sip.port", at, false, PortUse::State::taken, "", ""},
               {"access.tftp.port", at, true, PortUse::State::not_allowed, "", ""},
               {"access.tftp.port", at, true, PortUse::State::no_such_address, "", ""},
               {"access.tftp.port", at, true, PortUse::State::failed, "", "odd"}};
  CHECK(codes(box) ==
        "not_running:error port_taken:error port_taken:error address_absent:error port_failed:error "
        "port_not_tried:info");
  CHECK(box_findings(box, kNow)[1].seen == "UDP 0.0.0.0:69 (access.tftp.port) is taken by dnsmasq (process 812).");
}

TEST_CASE("ports: STUN's is worth a warning, as Dropwire starts without it") {
  BoxFacts box = box_without_daemon();
  const Endpoint at = *Endpoint::parse("0.0.0.0:3478");
  box.ports = {{"access.stun.port", at, true, PortUse::State::free, "", "", false}};
  CHECK(codes(box) == "not_running:error");
  box.ports[0].state = PortUse::State::taken;
  box.ports[0].holder = "turnserver (process 812)";
  CHECK(codes(box) == "not_running:error port_taken:warning");
  const Finding found = box_findings(box, kNow)[1];
  CHECK(found.seen == "UDP 0.0.0.0:3478 (access.stun.port) is taken by turnserver (process 812).");
  CHECK(found.means.find("works without it") != std::string::npos);
}

TEST_CASE("STUN that could not listen is a warning, STUN that is off is none") {
  BoxFacts box = healthy_box();
  box.own->services.push_back({"stun", false, {}, ""});
  CHECK(codes(box) == "");
  box.own->services.back().error = "UDP 0.0.0.0:3478 is taken by another program";
  CHECK(codes(box) == "listener_down:warning");
  CHECK(box_findings(box, kNow)[0].means.find("works without it") != std::string::npos);
}

TEST_CASE("directories and room") {
  BoxFacts box = healthy_box();
  box.directories = {{"cache.dir", "/c", DirectoryUse::State::missing, {}},
                     {"cache.dir", "/c", DirectoryUse::State::not_a_directory, {}},
                     {"state.dir", "/s", DirectoryUse::State::not_writable, 1'000'000'000},
                     {"state.dir", "/s", DirectoryUse::State::usable, 1'000},
                     {"state.dir", "/s", DirectoryUse::State::not_ours, {}}};
  CHECK(codes(box) ==
        "directory_wrong:warning directory_not_writable:warning disk_nearly_full:warning "
        "directory_missing:info");
}

TEST_CASE("the clock") {
  BoxFacts box = healthy_box();
  CHECK(codes(box, WallTime{}) == "clock_wrong:error");
  box.clock_synchronised = false;
  CHECK(codes(box) == "clock_not_synchronised:info");
  box.clock_synchronised.reset();
  CHECK(codes(box) == "");
}

TEST_CASE("what others say is shown without its control characters") {
  BoxFacts box = healthy_box();
  box.own->call_servers[0].up = false;
  box.own->call_servers[0].last_error = "gone\x1b[31m\r\n\xff";
  const std::string seen = box_findings(box, kNow)[0].seen;
  CHECK(seen == "The call server pbx:2000 can't be reached: gone?[31m???");
}

TEST_CASE("phones that access.networks keeps out are one finding; strangers from the internet are none") {
  BoxFacts box = healthy_box();
  const auto at = [](const char* text) { return *IpAddress::parse(text); };
  box.refused = {{at("203.0.113.9"), "sip", "", 900, kNow}};
  CHECK(codes(box) == "");
  box.refused.push_back({at("198.51.100.7"), "tftp", "SEP001122334455", 1, kNow - 2min});
  box.refused.push_back({at("192.168.7.20"), "sccp", "", 3, kNow - 5s});
  CHECK(codes(box) == "access_refused:warning");
  CHECK(box_findings(box, kNow)[0].seen ==
        "access.networks kept out 198.51.100.7 SEP001122334455 (tftp, 1 time, 2 min 0 s ago), "
        "192.168.7.20 (sccp, 3 times, 5.0 s ago).");
}

TEST_CASE("hosted, and whoever guesses a name gets the config: worth knowing, and no fault") {
  BoxFacts box = healthy_box();
  box.configs_open = true;
  CHECK(codes(box) == "configs_open:info");
}

TEST_CASE("whoever guesses file names is a finding while that is recent") {
  BoxFacts box = healthy_box();
  box.enumerators = {{*IpAddress::parse("203.0.113.9"), "http", "SEP001122334455.cnf.xml", 8370, kNow - 3s},
                     {*IpAddress::parse("203.0.113.8"), "tftp", "x", 12, kNow - 3h}};
  CHECK(codes(box) == "enumeration:warning");
  CHECK(box_findings(box, kNow)[0].seen ==
        "203.0.113.9 was refused 8370 names by HTTP, the last 3.0 s ago (\"SEP001122334455.cnf.xml\").");
  CHECK(codes(box, kNow + 2h) == "");
}

TEST_CASE("what leaves phones without a call server is a finding of the box itself, by protocol") {
  const auto down = [](CallServer& server) {
    server.up = false;
    server.last_error = "connection refused";
  };
  struct {
    const char* name;
    std::function<void(BoxFacts&)> with;
    BoxCauses expected;
  } const kBoxes[] = {
      {"all is well", [](BoxFacts&) {}, {}},
      {"nothing is known of it", [](BoxFacts& b) { b.own.reset(); }, {}},
      {"one server of two is down",
       [&](BoxFacts& b) { down(b.own->call_servers[0]), down(b.own->call_servers[3]); },
       {}},
      {"all of SCCP's",
       [&](BoxFacts& b) { down(b.own->call_servers[0]), down(b.own->call_servers[1]); },
       {"call_server_down", ""}},
      {"all of SIP's, of which one was never asked yet", [&](BoxFacts& b) { down(b.own->call_servers[2]); }, {}},
      {"all of SIP's, one silent from the first",
       [&](BoxFacts& b) {
         down(b.own->call_servers[2]);
         b.own->call_servers[3].since = kNow - 100s;
       },
       {"", "sip_server_down"}},
      {"no servers are known yet", [](BoxFacts& b) { b.own->call_servers.clear(); }, {}},
      {"no servers",
       [](BoxFacts& b) { b.own->sccp_servers = b.own->sip_servers = 0; },
       {"no_call_servers", "no_sip_servers"}},
      {"SCCP is off", [](BoxFacts& b) { b.own->sccp_enabled = false, b.own->sccp_servers = 0; }, {}},
      {"SIP is off, and missed",
       [](BoxFacts& b) { b.own->services[1].enabled = false, b.own->sip_phones = true; },
       {"", "sip_off"}},
      {"SIP is off", [](BoxFacts& b) { b.own->services[1].enabled = false, b.own->sip_servers = 0; }, {}},
      {"no SIP service", [](BoxFacts& b) { b.own->services.pop_back(), b.own->sip_servers = 0; }, {}},
      {"not configured", [](BoxFacts& b) { b.own->configured = false; }, {"not_configured", "not_configured"}},
      {"all are down with the rest of the central side",
       [&](BoxFacts& b) {
         for (CallServer& server : b.own->call_servers) {
           down(server);
           b.network.reach.push_back({"sccp", Transport::tcp, server.name, {}, PortState::no_answer, {}, ""});
         }
       },
       {"central_unreachable", "central_unreachable"}},
      {"all are down, and one was not measured",
       [&](BoxFacts& b) {
         for (CallServer& server : b.own->call_servers) {
           down(server);
           if (server.name != "backup:2000")
             b.network.reach.push_back({"sccp", Transport::tcp, server.name, {}, PortState::no_answer, {}, ""});
         }
       },
       {"central_unreachable", "central_unreachable"}},
  };
  for (const auto& [name, with, expected] : kBoxes) {
    CAPTURE(name);
    BoxFacts box = healthy_box();
    with(box);
    const BoxCauses none = box_causes(box, kNow);
    CHECK(none.sccp == expected.sccp);
    CHECK(none.sip == expected.sip);
    for (const std::string_view cause : {none.sccp, none.sip})
      CHECK((cause.empty() || codes(box).find(std::string(cause) + ":") != std::string::npos));
  }
}

TEST_CASE("on a machine with IPv6 alone the doctor says that phones need IPv4") {
  BoxFacts box = healthy_box();
  box.own->phone_addresses.clear();
  CHECK(codes(box) == "no_address:error");
  CHECK(box_findings(box, kNow)[0].means.find("IPv4") == std::string::npos);
  box.own->only_ipv6 = true;
  CHECK(codes(box) == "no_address:error");
  CHECK(box_findings(box, kNow)[0].seen == "This box has IPv6 addresses only.");
  CHECK(box_findings(box, kNow)[0].means.find("IPv4") != std::string::npos);
}
