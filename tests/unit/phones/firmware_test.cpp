// What is said to be a phone's firmware: what it runs, never what it asked for in vain.
#include <doctest/doctest.h>

#include "tests/unit/phones/replay.hpp"

using namespace dw;
using namespace dw::test;

namespace {

constexpr const char* kLoad = "SCCP45.9-4-2SR4-3S";

Replay& named(Replay& r, const char* load = kLoad) {
  r.boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml"});
  r.inventory.on_config(*DeviceName::parse(kDevice), ip(r.address), r.now, {load, Protocol::sccp, {}});
  return r;
}

}  // namespace

TEST_CASE("firmware: what the config names, while the phone has no reason to ask for it") {
  Replay r;
  CHECK(named(r).phone().firmware == kLoad);
}

TEST_CASE("firmware: a load that it asked for and did not get is not its firmware, at this boot and at the next") {
  Replay r;
  named(r).none(std::string(kLoad) + ".loads");
  CHECK(r.phone().firmware == "");
  r.wait(10min);
  CHECK(named(r).phone().firmware == "");
  r.got(std::string(kLoad) + ".loads");  // somebody put it there
  CHECK(r.phone().firmware == kLoad);
  r.wait(10min);
  CHECK(named(r).phone().firmware == kLoad);
}

TEST_CASE("firmware: a load of which a part is missing is not its firmware") {
  Replay r;
  named(r).got(std::string(kLoad) + ".loads").none(kParts45[0]);
  CHECK(r.phone().firmware == "");
  r.wait(10min);
  CHECK(named(r).phone().firmware == "");
}

TEST_CASE("firmware: a phone that said what it runs goes on with that") {
  Replay r;
  SignallingStep s;
  s.at = r.now;
  s.device = kDevice;
  s.protocol = Protocol::sccp;
  s.event = SignallingEvent::registered;
  s.firmware = "SCCP45.8-5-2S";
  s.peer = {ip(r.address), 50'001};
  r.inventory.on_signalling(s);
  named(r).none(std::string(kLoad) + ".loads");
  CHECK(r.phone().firmware == "SCCP45.8-5-2S");
}
