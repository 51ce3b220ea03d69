#include "sbc/phones/first_call.hpp"

#include <doctest/doctest.h>

#include "sbc/phones/inventory.hpp"

using namespace dw;
using namespace dw::phones;
using namespace std::chrono_literals;

namespace {

using WayStage = FirstCall::Stage;
const WallTime kPluggedIn = WallTime{} + std::chrono::hours(24 * 365 * 50);
const std::string kNewPhone = "SEP001122334455";
const Endpoint kNewPhoneAt{IpAddress::v4(0xc0a80129), 52000};

struct Home {
  Inventory inventory;
  WallTime now = kPluggedIn;

  void file(const std::string& name, FileOutcome outcome = FileOutcome::sent) {
    FileStep step;
    step.at = now;
    step.name = name;
    step.peer = kNewPhoneAt;
    step.transport = "tftp";
    step.outcome = outcome;
    step.octets = step.size = 100;
    inventory.on_file(step);
    now += 1s;
  }
  void registers() {
    SignallingStep step;
    step.at = now;
    step.device = kNewPhone;
    step.protocol = Protocol::sccp;
    step.event = SignallingEvent::registered;
    step.peer = kNewPhoneAt;
    step.server = "pbx.example.net:2000";
    inventory.on_signalling(step);
    now += 1s;
  }
  static Call call(std::uint64_t from_phone, std::uint64_t from_central) {
    Call call;
    call.device = kNewPhone;
    call.protocol = Protocol::sccp;
    call.peer = kNewPhoneAt;
    call.way = Call::Way::outgoing;
    call.far_number = "1002";
    call.state = "connected";
    call.duration = 20s;
    Call::Stream stream;
    stream.both_open = 20s;
    stream.media.from_phone.packets = stream.media.from_phone.audio = stream.media.from_phone.delivered = from_phone;
    stream.media.from_central.packets = stream.media.from_central.audio = stream.media.from_central.delivered =
        from_central;
    call.streams.push_back(stream);
    return call;
  }
  void ended(Call call) {
    call.since = now;
    call.state = "ended";
    inventory.on_call(call);
    now += 30s;
  }
  FirstCall way(std::vector<const Call*> up = {}) const { return first_call_of(*inventory.find(kNewPhone), up); }
};

}  // namespace

TEST_CASE("first call: from asking to both sides heard, as it happens") {
  Home home;
  home.file("CTL" + kNewPhone + ".tlv", FileOutcome::not_found);
  CHECK(home.way().stage == WayStage::asked);
  home.file(kNewPhone + ".cnf.xml");
  home.inventory.on_config(*DeviceName::parse(kNewPhone), kNewPhoneAt.address, home.now,
                           {"", Protocol::sccp, {"dialplan.xml", "softkeys.xml"}});
  CHECK(home.way().stage == WayStage::fetching);
  CHECK(home.way().files == 1);
  CHECK(home.way().files_known >= 1);
  home.file("SCCP45.9-4-2SR4-3S.loads", FileOutcome::stalled);
  const FirstCall stalled = home.way();
  CHECK(stalled.files == 1);
  CHECK(stalled.files_known > 1);
  home.file("SCCP45.9-4-2SR4-3S.loads");
  CHECK(home.way().files == 2);
  home.registers();
  CHECK(home.way().stage == WayStage::registered);
  const Call deaf = Home::call(500, 0), good = Home::call(500, 500);
  CHECK(home.way({&deaf}).stage == WayStage::calling);
  CHECK(home.way({&good}).stage == WayStage::heard);
  home.ended(deaf);
  CHECK(home.way().stage == WayStage::one_sided);
  home.ended(good);
  CHECK(home.way().stage == WayStage::heard);
}

TEST_CASE("first call: what nobody has is not waited for, and what passes elsewhere is not called heard") {
  Home home;
  home.file(kNewPhone + ".cnf.xml");
  home.file("Ringlist.xml", FileOutcome::not_found);
  CHECK(home.way().files == home.way().files_known);
  home.registers();
  Call direct = Home::call(0, 0);
  direct.streams[0].media.direct = true;
  home.ended(direct);
  CHECK(home.way().stage == WayStage::registered);
}
