#include "sbc/daemon/phone_events.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/loop/store/temp_dir.hpp"

/// What becomes of files and registrations that the servers report, as far as the daemon decides it.
using namespace dw;

namespace {

const std::string kOld = "SEP001122334455", kOther = "SEP001122334466";
const IpAddress kAtHome = IpAddress::v4(0xc6336407), kElsewhere = IpAddress::v4(0xcb007107);

struct Events {
  Events() : parts(settings(), {}) { parts.admissions.set_phones(provisioning::Admissions::Phones::known); }

  conf::Loaded settings() const {
    const std::string file = (dir.path() / "dropwire.toml").string();
    std::ofstream(file) << "";
    return conf::load({file, {"mode=hosted", "state.dir=" + dir.path().string()}, {}});
  }
  void takes_config(const std::string& device, const IpAddress& at) {
    phones::FileStep step;
    step.at = wall_now() - std::chrono::minutes(5);
    step.name = device + ".cnf.xml";
    step.peer = {at, 50'000};
    step.transport = "tftp";
    step.outcome = phones::FileOutcome::sent;
    parts.inventory.on_file(step);  // only its story: nobody is admitted by this
  }
  void registers(const std::string& device, const IpAddress& at, const std::string& user = "1001") {
    phones::SignallingStep step;
    step.at = wall_now();
    step.device = device;
    step.protocol = phones::Protocol::sip;
    step.event = SignallingEvent::registered;
    step.peer = {at, 5060};
    step.aor = user;
    step.transport = "udp";
    events.on_signalling(step);
  }

  test::TempDir dir;
  Parts parts;
  NetworkCare network{parts};
  ConfigHomes homes{parts.loaded, parts.inventory, parts.fronts, {}};
  PhoneEvents events{parts, network, homes};
};

}  // namespace

TEST_CASE("a phone that registers is admitted where it did, and has a step in its story") {
  Events e;
  e.registers(kOld, kAtHome);
  CHECK(e.parts.admissions.admitted(kOld, kAtHome));
  CHECK_FALSE(e.parts.admissions.admitted(kOld, kElsewhere));
  const phones::Phone* const phone = e.parts.inventory.find(kOld);
  REQUIRE(phone);
  CHECK(phone->registered);
}

TEST_CASE("firmware that names no device is the only phone at its address, if that took its own config there") {
  Events e;
  e.takes_config(kOld, kAtHome);
  e.registers({}, kAtHome);
  CHECK(e.parts.admissions.admitted(kOld, kAtHome));
}

TEST_CASE("a registration without a device admits nobody where the phone did not take its config, or is not alone") {
  Events elsewhere;
  elsewhere.takes_config(kOld, kElsewhere);
  elsewhere.registers({}, kAtHome);
  CHECK(elsewhere.parts.admissions.all().empty());
  Events two;
  two.takes_config(kOld, kAtHome);
  two.takes_config(kOther, kAtHome);
  two.registers({}, kAtHome);
  CHECK(two.parts.admissions.all().empty());
}

TEST_CASE("a file that is taken whole is a step, and admits nobody whose file it is not") {
  Events e;
  phones::FileStep step;
  step.at = wall_now();
  step.name = kOld + ".cnf.xml";
  step.peer = {kAtHome, 50'000};
  step.transport = "tftp";
  step.outcome = phones::FileOutcome::sent;
  e.events.on_file(step);
  CHECK(e.parts.inventory.find(kOld) != nullptr);
  CHECK_FALSE(e.parts.admissions.admitted(kOld, kAtHome));  // there was no window for it
}
