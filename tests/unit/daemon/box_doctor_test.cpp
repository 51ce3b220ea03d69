#include "sbc/daemon/box_doctor.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sbc/daemon/words.hpp"

using namespace dw;
using phones::Severity;

namespace {

const WallTime kNow = *words::parse_rfc3339("2026-11-22T20:19:21.042Z");

conf::Config settings() {
  conf::Config config = conf::default_config(conf::Mode::edge);
  config.central.sccp.servers = {{"pbx", 2000}, {"backup", 2000}};
  return config;
}

admin::Status healthy() {
  admin::Status status;
  status.phone_addresses = {"192.168.1.5"};
  status.services = {{"tftp", true, {*Endpoint::parse("0.0.0.0:69")}, ""}};
  status.origins = {{"http://pbx:6970/", true, "", {}, {}}};
  status.call_servers = {{"pbx:2000", true, 3, "", {}}, {"backup:2000", true, 0, "", {}}};
  status.media = {1999, 2500};
  status.cache.storing = true;
  return status;
}

std::string codes(const admin::Status& status, const conf::Config& config = settings()) {
  std::string out;
  for (const auto& finding : box_findings(status, config, kNow)) {
    CHECK_FALSE(finding.seen.empty());
    CHECK_FALSE(finding.means.empty());
    CHECK_FALSE(finding.remedy.empty());
    out +=
        std::string(out.empty() ? "" : " ") + finding.code + ":" + std::string(to_string(finding.severity));
  }
  return out;
}

}  // namespace

TEST_CASE("a healthy daemon finds nothing wrong with itself") {
  CHECK(codes(healthy()) == "");
}

TEST_CASE("call servers that can't be reached: some, or all") {
  admin::Status status = healthy();
  status.call_servers[0].up = false;
  status.call_servers[0].last_error = "connection refused";
  CHECK(codes(status) == "call_server_down:warning");
  CHECK(box_findings(status, settings(), kNow)[0].seen ==
        "The call server pbx:2000 can't be reached: connection refused");
  status.call_servers[1].up = false;
  CHECK(codes(status) == "call_server_down:error call_server_down:error");
  conf::Config off = settings();
  off.access.sccp.enable = false;
  CHECK(codes(status, off) == "");
}

TEST_CASE("SCCP without a call server") {
  admin::Status status = healthy();
  status.call_servers.clear();
  conf::Config config = settings();
  config.central.sccp.servers.clear();
  CHECK(codes(status, config) == "no_call_servers:warning");
  config.access.sccp.enable = false;
  CHECK(codes(status, config) == "");
}

TEST_CASE("SIP servers that do not answer: some, or all, and SCCP's are not concerned") {
  conf::Config config = settings();
  config.central.sip.servers = {{conf::SipTransport::udp, {"pbx", 5060}}};
  admin::Status status = healthy();
  status.services.push_back({"sip", true, {*Endpoint::parse("0.0.0.0:5060")}, ""});
  status.call_servers.push_back({"pbx:5060", true, 3, "", {}, phones::Protocol::sip, "udp"});
  status.call_servers.push_back({"backup:5060", true, 0, "", {}, phones::Protocol::sip, "tcp"});
  CHECK(codes(status, config) == "");
  status.call_servers[2].up = false;
  status.call_servers[2].last_error = "no answer to OPTIONS";
  CHECK(codes(status, config) == "sip_server_down:warning");
  auto found = box_findings(status, config, kNow);
  CHECK(found[0].seen == "The SIP server pbx:5060 does not answer: no answer to OPTIONS");
  CHECK(found[0].remedy.find("OPTIONS") != std::string::npos);
  status.call_servers[3].up = false;
  status.call_servers[3].last_error = "connection refused";
  CHECK(codes(status, config) == "sip_server_down:error sip_server_down:error");
  found = box_findings(status, config, kNow);
  CHECK(found[1].seen == "The SIP server backup:5060 can't be reached: connection refused");
  CHECK(found[1].means == "No phone can register by SIP.");
  status.services.back().enabled = false;
  status.services.back().addresses.clear();
  CHECK(codes(status, config) == "");
  status.call_servers.resize(2);
  status.call_servers[0].up = false;
  CHECK(codes(status, config) == "call_server_down:warning");
}

TEST_CASE("SIP that is off, does not listen, or has no server") {
  conf::Config config = settings();
  config.central.sip.servers = {{conf::SipTransport::udp, {"pbx", 5060}}};
  admin::Status status = healthy();
  status.sip_phones = true;
  CHECK(codes(status, config) == "");  // no such service at all
  status.services.push_back({"sip", false, {}, ""});
  CHECK(codes(status, config) == "sip_off:warning");
  status.sip_phones = false;
  CHECK(codes(status, config) == "");
  status.services.back().enabled = true;
  status.services.back().error = "Address already in use";
  CHECK(codes(status, config) == "listener_down:error");
  status.services.back() = {"sip", true, {*Endpoint::parse("0.0.0.0:5060")}, ""};
  config.central.sip.servers.clear();
  CHECK(codes(status, config) == "no_sip_servers:warning");
}

TEST_CASE("media ports: from four in five on, and when none is left") {
  admin::Status status = healthy();
  status.media.streams = 2000;
  CHECK(codes(status) == "media_ports_used_up:warning");
  status.media.streams = 2500;
  CHECK(codes(status) == "media_ports_used_up:error");
  status.media = {0, 0};
  CHECK(codes(status) == "");
}

TEST_CASE("no address for phones is no more than worth knowing while only loopback is listened on") {
  admin::Status status = healthy();
  status.phone_addresses.clear();
  CHECK(codes(status) == "no_address:error");
  conf::Config config = settings();
  config.access.listen = {*IpAddress::parse("127.0.0.1"), *IpAddress::parse("::1")};
  CHECK(codes(status, config) == "no_address:info");
  config.access.listen.push_back(*IpAddress::parse("0.0.0.0"));
  CHECK(codes(status, config) == "no_address:error");
}
