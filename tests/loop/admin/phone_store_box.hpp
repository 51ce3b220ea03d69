#pragma once
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <array>
#include <csignal>
#include <fstream>
#include <optional>
#include "sbc/admin/phone_store.hpp"
#include "tests/loop/store/old_schema.hpp"
#include "tests/loop/store/temp_dir.hpp"

/// An inventory with its store in a folder of its own.
namespace dw::phone_store_test {

using namespace dw::phones;
using dw::admin::PhoneStore;
using namespace std::chrono_literals;

/// As in the daemon: loop, inventory and store, in the order of construction.
struct StoreBox {
  explicit StoreBox(const std::filesystem::path& dir, const Inventory::Options& bounds = {}) : inventory(bounds) {
    store = PhoneStore::open(loop, dir, inventory, admissions, {.write_every = 1ms, .retry_after = 1ms});
  }
  void ask(const std::string& name, FileOutcome outcome, WallTime at, const std::string& address = "192.0.2.7") {
    FileStep step;
    step.at = at;
    step.name = name;
    step.peer = {IpAddress::parse(address).value(), 50'000};
    step.transport = "tftp";
    step.outcome = outcome;
    step.took = 70ms;
    step.octets = step.size = 4321;
    step.last_block = 9;
    step.retransmissions = 2;
    step.error_code = 1;
    step.detail = "from somewhere";
    inventory.on_file(step);
  }
  net::Loop loop;
  Inventory inventory;
  provisioning::Admissions admissions;
  std::unique_ptr<PhoneStore> store;
};

inline const WallTime kStart{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};
inline const std::string kKept = "SEP001122334455";
inline DeviceName device() {
  return DeviceName::parse(kKept).value();
}

inline SignallingStep signalling(SignallingEvent event, WallTime at) {
  SignallingStep step;
  step.at = at;
  step.device = kKept;
  step.protocol = Protocol::sccp;
  step.event = event;
  step.peer = Endpoint::parse("192.0.2.7:49152").value();
  step.server = "pbx:2000";
  step.detail = "because";
  step.version = 17;
  return step;
}
inline Call call(WallTime at, std::uint64_t from_phone, std::uint64_t from_central) {
  Call out;
  out.device = kKept;
  out.line = 2;
  out.way = from_phone > 0 ? Call::Way::outgoing : Call::Way::incoming;
  out.far_number = "1002";
  out.since = at;
  out.duration = 10s;
  Call::Stream& stream = out.streams.emplace_back();
  stream.codec = "PCMU";
  stream.both_open = 9s;
  stream.media.from_phone.packets = stream.media.from_phone.audio = from_phone;
  stream.media.from_phone.undelivered = 4s;
  stream.media.from_central.undelivered = 6s;
  stream.media.from_phone.lost = 3;
  stream.media.from_central.packets = stream.media.from_central.audio = from_central;
  stream.media.from_central.lost = 4;
  stream.media.strangers = 5;
  return out;
}

inline constexpr std::array<std::string_view, 6> kSame = {"", "", "", "", "", ""};  // as many as there are migrations

/// Counts in the file on disk, while nobody has it open.
inline std::int64_t count(const std::filesystem::path& dir, const std::string& what) {
  auto database = store::Database::open(dir / "phones.db", kSame);
  REQUIRE(database);
  auto select = database->prepare("SELECT count(*) FROM " + what);
  REQUIRE(select);
  REQUIRE(select->step().value());
  return select->integer(0);
}

inline bool same(const Phone& a, const Phone& b) {
  return a.device == b.device && a.address == b.address && a.protocol == b.protocol && a.model == b.model &&
         a.firmware == b.firmware && a.uses_http == b.uses_http && a.proven == b.proven &&
         a.had_config == b.had_config && a.transport == b.transport && a.user_agent == b.user_agent &&
         a.follow_ups == b.follow_ups && a.homes == b.homes && a.first_seen == b.first_seen &&
         a.last_seen == b.last_seen && a.next_step == b.next_step && a.steps == b.steps;
}

}  // namespace dw::phone_store_test
