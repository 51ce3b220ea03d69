#include "sbc/sccp/device_names.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

namespace dw::sccp {
namespace {

using namespace std::chrono_literals;
using Kind = DeviceNames::Action::Kind;

const std::string kDevice = "SEP001122334455";
const IpAddress kHome = IpAddress::v4(0xc0a80114), kAway = IpAddress::v4(0xc6336401),
                kFarther = IpAddress::v4(0xcb007107);

/// Connections that want names, and what became of each. Hanging up takes until `gone` is called.
struct Desk {
  explicit Desk(const DeviceNames::Options& options = {}) : names(options, facts(), 1) {}

  DeviceNames::Facts facts() {
    return {[this](const std::string&, const IpAddress& at, Duration within) {
              const auto took = configs.find(at);
              return took != configs.end() && took->second <= within;
            },
            [this](const IpAddress& at) -> std::optional<std::string> {
              const auto mac = macs.find(at);
              return mac == macs.end() ? std::nullopt : std::optional(mac->second);
            }};
  }
  void wants(DeviceNames::Id id, const IpAddress& from) {
    DeviceNames::Actions out;
    names.wants(now, kDevice, id, from, out);
    perform(out);
  }
  void registers(DeviceNames::Id id, const IpAddress& from) {
    wants(id, from);
    REQUIRE(admitted.contains(id));
    names.registered(now, kDevice, id, from);
  }
  void gone(DeviceNames::Id id) {
    DeviceNames::Actions out;
    names.gone(kDevice, id, out);
    perform(out);
  }
  /// Time passes; whoever is asked has, or has not, acknowledged what was sent.
  void passes(Duration time, bool acknowledged) {
    const TimePoint end = now + time;
    while (names.next_due() && *names.next_due() <= end) {
      now = std::max(now, *names.next_due());
      while (const auto id = names.due(now)) {
        DeviceNames::Actions out;
        names.look(now, kDevice, *id, acknowledged, last_heard, out);
        perform(out);
      }
    }
    now = end;
  }
  void perform(const DeviceNames::Actions& out) {
    for (const auto& [kind, id, text, why] : out) {
      if (kind == Kind::admit) admitted.insert(id);
      if (kind == Kind::ask) asked.insert(id);
      if (kind == Kind::refuse) refused[id] = text + ": " + why;
      if (kind == Kind::supersede || kind == Kind::hang_up) hung_up.insert(id);
      if (kind != Kind::admit && kind != Kind::ask) names.closing(kDevice, id);
    }
  }

  TimePoint now{1h};
  TimePoint last_heard{};
  std::map<IpAddress, Duration> configs;  ///< taken there, so long ago
  std::map<IpAddress, std::string> macs;
  std::set<DeviceNames::Id> admitted, asked, hung_up;
  std::map<DeviceNames::Id, std::string> refused;
  DeviceNames names;
};

}  // namespace

TEST_CASE("device names: a name that nobody holds is given at once, and is free again when its connection is gone") {
  Desk desk;
  desk.wants(1, kHome);
  CHECK(desk.admitted.contains(1));
  CHECK(desk.names.holder(kDevice) == 1);
  desk.names.closing(kDevice, 1);
  CHECK(desk.names.holder(kDevice) == 1);
  desk.gone(1);
  desk.gone(1);
  CHECK_FALSE(desk.names.holder(kDevice));
  desk.wants(2, kAway);
  CHECK(desk.admitted.contains(2));
}

TEST_CASE("device names: a phone that restarted takes its own place, once the server has seen its old connection end") {
  Desk desk;
  desk.registers(1, kHome);
  desk.wants(2, kHome);
  CHECK(desk.hung_up == std::set<DeviceNames::Id>{1});
  CHECK(desk.asked.empty());
  CHECK_FALSE(desk.admitted.contains(2));
  desk.gone(1);
  CHECK(desk.admitted.contains(2));
  CHECK(desk.names.holder(kDevice) == 2);
  desk.gone(1);
  CHECK(desk.names.holder(kDevice) == 2);
}

TEST_CASE("device names: one who waits is admitted without another try of his budget") {
  Desk desk({.registrations_per_minute = 2});
  desk.registers(1, kHome);
  desk.wants(2, kHome);
  desk.gone(1);
  CHECK(desk.admitted.contains(2));
  desk.names.registered(desk.now, kDevice, 2, kHome);
  desk.wants(3, kHome);
  CHECK(desk.refused[3] == "Too many registrations: it registers too often (access.sccp.registrations_per_minute)");
  CHECK_FALSE(desk.hung_up.contains(2));
  desk.wants(4, kAway);  // another source has a budget of its own
  CHECK(desk.asked.contains(2));
}

TEST_CASE("device names: from elsewhere the old connection is asked, and stays when its TCP acknowledges") {
  Desk desk;
  desk.registers(1, kHome);
  desk.wants(2, kAway);
  CHECK(desk.asked == std::set<DeviceNames::Id>{1});
  CHECK(desk.hung_up.empty());
  desk.passes(150ms, true);
  CHECK(desk.refused[2] ==
        "Registered elsewhere: a phone of that name is registered from 192.168.1.20, and answers there");
  CHECK(desk.names.holder(kDevice) == 1);
  CHECK_FALSE(desk.names.next_due());
  desk.wants(3, kAway);  // and can be asked again
  desk.passes(150ms, true);
  CHECK(desk.refused.contains(3));
}

TEST_CASE("device names: the old connection stays when anything comes from it") {
  Desk desk;
  desk.registers(1, kHome);
  desk.wants(2, kAway);
  desk.last_heard = desk.now + 1s;
  desk.passes(1200ms, false);
  CHECK(desk.refused.contains(2));
  CHECK(desk.hung_up.empty());
}

TEST_CASE("device names: an old connection that answers nothing is superseded after 2.5 s") {
  Desk desk;
  desk.registers(1, kHome);
  desk.wants(2, kAway);
  desk.passes(2400ms, false);
  CHECK(desk.hung_up.empty());
  desk.passes(200ms, false);
  CHECK(desk.hung_up == std::set<DeviceNames::Id>{1});
  CHECK_FALSE(desk.admitted.contains(2));
  desk.gone(1);
  CHECK(desk.admitted.contains(2));
}

TEST_CASE("device names: of two newcomers the first waits, unless more speaks for the second") {
  Desk desk;
  desk.registers(1, kHome);
  desk.wants(2, kAway);
  desk.wants(3, kFarther);
  CHECK(desk.refused[3] == "Registered elsewhere: a phone of that name is about to register from 198.51.100.1");
  desk.configs[kFarther] = 1min;
  desk.wants(4, kFarther);
  CHECK(desk.refused[2] == "Registered elsewhere: a phone of that name is about to register from 203.0.113.7");
  CHECK(desk.hung_up == std::set<DeviceNames::Id>{1});  // nothing spoke for the old one
  desk.gone(1);
  CHECK(desk.names.holder(kDevice) == 4);
}

TEST_CASE("device names: a newcomer's second connection takes the place of its first, and the question goes on") {
  Desk desk;
  desk.registers(1, kHome);
  desk.wants(2, kAway);
  desk.passes(2s, false);
  desk.wants(3, kAway);
  CHECK(desk.hung_up == std::set<DeviceNames::Id>{2});
  desk.passes(600ms, false);
  CHECK(desk.hung_up == std::set<DeviceNames::Id>{1, 2});
  desk.gone(2);
  desk.gone(1);
  CHECK(desk.names.holder(kDevice) == 3);
}

TEST_CASE("device names: a newcomer that hangs up while it waits gets nothing, and the holder keeps its name") {
  Desk desk;
  desk.registers(1, kHome);
  desk.wants(2, kAway);
  desk.names.closing(kDevice, 2);
  desk.passes(3s, false);
  CHECK(desk.hung_up.empty());
  CHECK(desk.refused.empty());
  desk.gone(2);
  CHECK(desk.names.holder(kDevice) == 1);
  desk.gone(1);
  CHECK_FALSE(desk.names.holder(kDevice));
}

TEST_CASE("device names: who comes while the old connection is hanging up waits for its end, and nobody is asked") {
  Desk desk;
  desk.registers(1, kHome);
  desk.names.closing(kDevice, 1);
  desk.wants(2, kAway);
  CHECK(desk.asked.empty());
  CHECK(desk.refused.empty());
  desk.gone(1);
  CHECK(desk.admitted.contains(2));
}

TEST_CASE("device names: one that is about to register stays when more speaks for it, and goes when not") {
  Desk desk;
  desk.configs[kHome] = 1min;
  desk.wants(1, kHome);
  desk.wants(2, kAway);
  CHECK(desk.refused[2] == "Registered elsewhere: a phone of that name is about to register from 192.168.1.20");
  Desk equal;
  equal.wants(1, kHome);
  equal.wants(2, kAway);
  CHECK(equal.hung_up == std::set<DeviceNames::Id>{1});
}

TEST_CASE("device names: a configuration speaks for a newcomer for ten minutes, for a registered phone always") {
  Desk desk;
  desk.configs[kHome] = 2h;
  desk.configs[kAway] = 11min;
  desk.registers(1, kHome);
  desk.wants(2, kAway);
  CHECK(desk.hung_up.empty());  // it is only asked
  CHECK(desk.asked.contains(1));
}

TEST_CASE("device names: on a LAN of ours the phone whose MAC is its name, or that took its file, has it at once") {
  for (const bool own_lan : {true, false}) {
    CAPTURE(own_lan);
    const IpAddress roamed = IpAddress::v4(0xc0a80199);
    Desk by_mac({.own_lan = own_lan}), by_other_mac({.own_lan = own_lan});
    by_mac.macs[roamed] = "001122334455";
    by_other_mac.macs[roamed] = "001122334456";
    for (Desk* const desk : {&by_mac, &by_other_mac}) {
      desk->registers(1, kHome);
      desk->wants(2, roamed);
    }
    CHECK(by_mac.hung_up.contains(1) == own_lan);
    CHECK_FALSE(by_other_mac.hung_up.contains(1));
    Desk by_file({.own_lan = own_lan});
    by_file.configs = {{roamed, 1min}, {kHome, 1min}};
    by_file.registers(1, kHome);  // its home too: more speaks for it
    by_file.wants(2, roamed);
    CHECK(by_file.hung_up.contains(1) == own_lan);
    Desk public_address({.own_lan = own_lan});
    public_address.macs[kAway] = "001122334455";
    public_address.registers(1, kHome);
    public_address.wants(2, kAway);
    CHECK(public_address.hung_up.empty());
  }
}

}  // namespace dw::sccp
