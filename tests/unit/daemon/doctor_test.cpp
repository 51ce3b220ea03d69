#include "sbc/daemon/doctor.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "conf/settings.hpp"
#include "sbc/daemon/words.hpp"

using namespace dw;
using doctor::BoxFacts;
using doctor::DirectoryUse;
using doctor::PortUse;

namespace {

BoxFacts healthy(BoxFacts::Daemon daemon = BoxFacts::Daemon::running) {
  BoxFacts box;
  box.daemon = daemon;
  box.socket = "/run/dropwire/control.sock";
  box.now = *words::parse_rfc3339("2026-11-22T20:19:21.042Z");
  box.clock_synchronised = true;
  box.own_addresses = {*IpAddress::parse("192.168.1.5")};
  return box;
}

conf::Loaded settings(std::vector<std::string> origins = {"http://pbx:6970/"}) {
  conf::Loaded loaded;
  loaded.config = conf::default_config(conf::Mode::edge);
  loaded.config.central.provisioning.origins = std::move(origins);
  return loaded;
}

std::vector<std::string> codes(const conf::Loaded& loaded, const BoxFacts& box) {
  std::vector<std::string> out;
  for (const auto& finding : doctor::examine(loaded, box)) {
    CHECK_FALSE(finding.seen.empty());
    CHECK_FALSE(finding.means.empty());
    CHECK_FALSE(finding.remedy.empty());
    out.push_back(finding.code);
  }
  return out;
}

using Codes = std::vector<std::string>;

}  // namespace

TEST_CASE("a running, healthy box has no findings") {
  CHECK(codes(settings(), healthy()).empty());
}

TEST_CASE("a daemon that is not there is a finding; one that we may not ask is a smaller one") {
  CHECK(codes(settings(), healthy(BoxFacts::Daemon::absent)) == Codes{"not_running"});
  const auto findings = doctor::examine(settings(), healthy(BoxFacts::Daemon::forbidden));
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].severity == phones::Severity::warning);
}

TEST_CASE("settings: errors always, warnings only while the daemon is not there to tell") {
  conf::Loaded loaded = settings();
  loaded.problems = {{conf::Problem::Severity::error, "f.toml", 3, 1, "bad", "do so"},
                     {conf::Problem::Severity::warning, "", 0, 0, "doubtful", ""}};
  CHECK(codes(loaded, healthy()) == Codes{"settings_wrong"});
  CHECK(doctor::examine(loaded, healthy())[0].means.find("still has the settings") != std::string::npos);
  CHECK(codes(loaded, healthy(BoxFacts::Daemon::absent)) ==
        Codes{"not_running", "settings_wrong", "settings_doubtful"});
}

TEST_CASE("ports") {
  BoxFacts box = healthy();
  const Endpoint at = *Endpoint::parse("0.0.0.0:69");
  box.ports = {{"access.tftp.port", at, true, PortUse::State::free, "", ""},
               {"access.tftp.port", at, true, PortUse::State::taken, "dnsmasq (process 812)", ""},
               {"access.tftp.port", at, true, PortUse::State::not_allowed, "", ""},
               {"access.tftp.port", at, true, PortUse::State::no_such_address, "", ""},
               {"access.tftp.port", at, true, PortUse::State::failed, "", "odd"}};
  CHECK(codes(settings(), box) == Codes{"port_taken", "port_not_tried", "address_absent", "port_failed"});
  CHECK(doctor::examine(settings(), box)[0].seen ==
        "UDP 0.0.0.0:69 (access.tftp.port) is taken by dnsmasq (process 812).");
}

TEST_CASE("directories and room") {
  BoxFacts box = healthy();
  box.directories = {{"cache.dir", "/c", DirectoryUse::State::missing, {}},
                     {"cache.dir", "/c", DirectoryUse::State::not_a_directory, {}},
                     {"state.dir", "/s", DirectoryUse::State::not_writable, 1'000'000'000},
                     {"state.dir", "/s", DirectoryUse::State::usable, 1'000},
                     {"state.dir", "/s", DirectoryUse::State::not_ours, {}}};
  CHECK(codes(settings(), box) ==
        Codes{"directory_missing", "directory_wrong", "directory_not_writable", "disk_nearly_full"});
}

TEST_CASE("an origin that is this box is told, whatever it is called") {
  for (const char* origin : {"http://192.168.1.5:6970/", "tftp://127.0.0.1/", "http://127.0.0.1:6970/dir/"}) {
    CAPTURE(std::string(origin));
    CHECK(codes(settings({origin}), healthy()) == Codes{"origin_is_this_box"});
  }
  for (const char* origin : {"http://192.168.1.5:80/", "http://192.168.1.6:6970/", "https://pbx/",
                             "file:///srv", "http://[::1]:6970/"}) {
    CAPTURE(std::string(origin));
    CHECK(codes(settings({origin}), healthy()).empty());
  }
}

TEST_CASE("the clock") {
  BoxFacts box = healthy(BoxFacts::Daemon::absent);
  box.now = WallTime{};
  CHECK(codes(settings(), box) == Codes{"not_running", "clock_wrong"});
  box = healthy(BoxFacts::Daemon::absent);
  box.clock_synchronised = false;
  CHECK(codes(settings(), box) == Codes{"not_running", "clock_not_synchronised"});
}
