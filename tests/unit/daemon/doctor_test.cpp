// How the facts are filled in; what they mean is tried in tests/unit/phones/box_test.cpp.
#include "sbc/daemon/doctor.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "conf/settings.hpp"
#include "sbc/daemon/words.hpp"

using namespace dw;
using doctor::BoxFacts;

namespace {

const WallTime kNow = *words::parse_rfc3339("2026-11-22T20:19:21.042Z");
const std::vector<IpAddress> kOwn = {*IpAddress::parse("192.168.1.5")};

conf::Loaded settings(std::vector<std::string> origins = {"http://pbx:6970/"}) {
  conf::Loaded loaded;
  loaded.config = conf::default_config(conf::Mode::edge);
  loaded.config.central.provisioning.origins = std::move(origins);
  return loaded;
}

std::vector<std::string> codes(const conf::Loaded& loaded, BoxFacts::Daemon daemon = BoxFacts::Daemon::running) {
  BoxFacts box;
  box.daemon = daemon;
  doctor::add_settings(box, loaded, kOwn);
  std::vector<std::string> out;
  for (const auto& finding : doctor::box_findings(box, kNow))
    out.emplace_back(finding.code);
  return out;
}

using Codes = std::vector<std::string>;

admin::Status healthy() {
  admin::Status status;
  status.phone_addresses = {"192.168.1.5"};
  status.services = {{"tftp", true, {*Endpoint::parse("0.0.0.0:69")}, ""},
                     {"sip", true, {*Endpoint::parse("0.0.0.0:5060")}, ""}};
  status.origins = {{"http://pbx:6970/", true, "", {}, {}}};
  status.call_servers = {{"pbx:2000", true, 3, "", {}}};
  status.media = {1999, 2500};
  status.cache.storing = true;
  return status;
}

}  // namespace

TEST_CASE("settings: errors always, warnings only while the daemon is not there to report them") {
  conf::Loaded loaded = settings();
  CHECK(codes(loaded).empty());
  loaded.problems = {{conf::Problem::Severity::error, "f.toml", 3, 1, "bad", "do so"},
                     {conf::Problem::Severity::warning, "", 0, 0, "doubtful", ""}};
  CHECK(codes(loaded) == Codes{"settings_wrong"});
  CHECK(codes(loaded, BoxFacts::Daemon::absent) == Codes{"not_running", "settings_wrong", "settings_doubtful"});
  BoxFacts box;
  doctor::add_settings(box, loaded, kOwn);
  const auto found = doctor::box_findings(box, kNow);
  REQUIRE(found.size() == 1);
  CHECK(found[0].seen == "Settings: f.toml:3: bad.");
  CHECK(found[0].remedy == "Hint: do so.");
}

TEST_CASE("an origin that is this box is found, whatever it is called") {
  for (const char* origin : {"http://192.168.1.5:6970/", "tftp://127.0.0.1/", "http://127.0.0.1:6970/dir/"}) {
    CAPTURE(std::string(origin));
    CHECK(codes(settings({origin})) == Codes{"origin_is_this_box"});
  }
  for (const char* origin :
       {"http://192.168.1.5:80/", "http://192.168.1.6:6970/", "https://pbx/", "file:///srv", "http://[::1]:6970/"}) {
    CAPTURE(std::string(origin));
    CHECK(codes(settings({origin})).empty());
  }
}

TEST_CASE("what a router should let in") {
  conf::Config config = conf::default_config(conf::Mode::edge);
  config.access.sip.enable = true;
  config.media.ports = {20000, 20999};
  CHECK(doctor::ports_to_forward(config) == "UDP 5060, 20000-20999 and TCP 5060");
  config.access.sip.enable = false;
  CHECK(doctor::ports_to_forward(config) == "UDP 20000-20999");
  config.mode = conf::Mode::hosted;
  CHECK(doctor::ports_to_forward(config) == "UDP 69, 20000-20999 and TCP 6970, 2000");
}

TEST_CASE("what the daemon knows of itself comes from its status and its settings") {
  conf::Config config = conf::default_config(conf::Mode::edge);
  config.central.sccp.servers = {{"pbx", 2000}, {"backup", 2000}};
  BoxFacts box;
  box.own = doctor::own_facts(healthy(), config);
  CHECK(box.own->sccp_servers == 2);
  CHECK_FALSE(box.own->loopback_only);
  CHECK(box.own->cache_enabled);
  CHECK(box.own->configured);
  CHECK_FALSE(doctor::own_facts(healthy(), conf::default_config(conf::Mode::edge)).configured);
  // SIP listens and has no server.
  REQUIRE(doctor::box_findings(box, kNow).size() == 1);
  CHECK(doctor::box_findings(box, kNow)[0].code == "no_sip_servers");
  config.central.sip.servers = {{conf::SipTransport::udp, {"pbx", 5060}}};
  box.own = doctor::own_facts(healthy(), config);
  CHECK(doctor::box_findings(box, kNow).empty());
  config.access.listen = {*IpAddress::parse("127.0.0.1"), *IpAddress::parse("::1")};
  CHECK(doctor::own_facts(healthy(), config).loopback_only);
  config.access.sccp.enable = false;
  config.cache.enable = false;
  const doctor::OwnFacts off = doctor::own_facts(healthy(), config);
  CHECK_FALSE(off.sccp_enabled);
  CHECK_FALSE(off.cache_enabled);
}
