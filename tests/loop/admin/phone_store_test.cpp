#include "sbc/admin/phone_store.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <array>
#include <csignal>
#include <fstream>
#include <optional>

#include "tests/loop/store/old_schema.hpp"
#include "tests/loop/store/temp_dir.hpp"

using namespace dw;
using namespace dw::phones;
using dw::admin::PhoneStore;
using namespace std::chrono_literals;

namespace {

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

const WallTime kStart{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};
const std::string kKept = "SEP001122334455";
DeviceName device() {
  return DeviceName::parse(kKept).value();
}

SignallingStep signalling(SignallingEvent event, WallTime at) {
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
Call call(WallTime at, std::uint64_t from_phone, std::uint64_t from_central) {
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

constexpr std::array<std::string_view, 6> kSame = {"", "", "", "", "", ""};  // as many as there are migrations

/// Counts in the file on disk, while nobody has it open.
std::int64_t count(const std::filesystem::path& dir, const std::string& what) {
  auto database = store::Database::open(dir / "phones.db", kSame);
  REQUIRE(database);
  auto select = database->prepare("SELECT count(*) FROM " + what);
  REQUIRE(select);
  REQUIRE(select->step().value());
  return select->integer(0);
}

bool same(const Phone& a, const Phone& b) {
  return a.device == b.device && a.address == b.address && a.protocol == b.protocol && a.model == b.model &&
         a.firmware == b.firmware && a.uses_http == b.uses_http && a.proven == b.proven &&
         a.had_config == b.had_config && a.transport == b.transport && a.user_agent == b.user_agent &&
         a.follow_ups == b.follow_ups && a.homes == b.homes && a.first_seen == b.first_seen &&
         a.last_seen == b.last_seen && a.next_step == b.next_step && a.steps == b.steps;
}

}  // namespace

TEST_CASE("phones and their stories survive a restart, with every field") {
  const test::TempDir dir;
  std::optional<Phone> phone, nobody;
  {
    StoreBox box(dir.path() / "state");
    CHECK(box.store->storing());
    box.ask("CTL" + kKept + ".tlv", FileOutcome::not_found, kStart);
    box.inventory.on_config(
        device(), {}, kStart,
        {.load = "SIP45.9-4-2SR3-1S",
         .protocol = Protocol::sip,
         .follow_ups = {"dialplan.xml", "softkeys.xml"},
         .homes = {{{"", "t1.example.net", 5160}, {"a line 2", "2001:db8::5", 0}, {"", "pbx", 2001, Protocol::sccp}}}});
    box.inventory.on_note(device(), {}, kStart + 1s, Note::rewritten, "3 places");
    box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart + 1s);
    box.ask("dialplan.xml", FileOutcome::stalled, kStart + 2s);
    box.ask("term65.default.loads", FileOutcome::superseded, kStart, "2001:db8::7");
    phone = *box.inventory.find(kKept);
    nobody = *box.inventory.find("2001:db8::7");
  }
  StoreBox box(dir.path() / "state");
  REQUIRE(box.inventory.size() == 2);
  CHECK(box.inventory.find(kKept)->homes.size() == 3);
  CHECK(same(*box.inventory.find(kKept), *phone));
  CHECK(same(*box.inventory.find("2001:db8::7"), *nobody));
  CHECK(story(*box.inventory.find(kKept)).size() == 5);
}

TEST_CASE("each outcome and note keeps its meaning on disk") {
  const test::TempDir dir;
  std::optional<Phone> phone;
  {
    StoreBox box(dir.path());
    for (int i = 0; i <= static_cast<int>(FileOutcome::superseded); ++i)
      box.ask(kKept + ".cnf.xml", static_cast<FileOutcome>(i), kStart + std::chrono::seconds(i));
    for (int i = 0; i <= static_cast<int>(Note::sip_port_differs); ++i)
      box.inventory.on_note(device(), {}, kStart + std::chrono::minutes(1 + i), static_cast<Note>(i), "");
    phone = *box.inventory.find(kKept);
  }
  StoreBox box(dir.path());
  CHECK(same(*box.inventory.find(kKept), *phone));
}

TEST_CASE("registrations and calls keep their meaning on disk, but nobody is registered after a restart") {
  const test::TempDir dir;
  std::optional<Phone> phone;
  {
    StoreBox box(dir.path());
    box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart);
    for (int i = 0; i <= static_cast<int>(SignallingEvent::lines); ++i)
      box.inventory.on_signalling(signalling(static_cast<SignallingEvent>(i), kStart + std::chrono::minutes(1 + i)));
    box.inventory.on_signalling(signalling(SignallingEvent::registered, kStart + 1h));
    for (int i = 0; i < 4; ++i)
      box.inventory.on_call(call(kStart + 2h + std::chrono::minutes(i), i & 1 ? 90 : 0, i & 2 ? 90 : 0));
    phone = *box.inventory.find(kKept);
    CHECK(phone->registered);
    CHECK(phone->steps.size() == 15);
  }
  StoreBox box(dir.path());
  const Phone& back = *box.inventory.find(kKept);
  CHECK_FALSE(back.registered);
  CHECK(back.server.empty());
  CHECK(back.had_config);
  CHECK(same(back, *phone));
}

TEST_CASE("SIP registrations and calls keep their meaning on disk, every event of them") {
  const test::TempDir dir;
  std::optional<Phone> phone, nameless;
  {
    StoreBox box(dir.path());
    box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart);
    SignallingStep step = signalling(SignallingEvent::registered, kStart + 1s);
    step.protocol = Protocol::sip;
    step.version = 0;
    step.transport = "udp";
    step.user_agent = "Cisco-CP7975G/9.3.1";
    for (int i = 0; i <= static_cast<int>(SignallingEvent::no_date); ++i) {
      step.event = static_cast<SignallingEvent>(i);
      step.at += 1min;
      step.aor = std::to_string(1000 + i);
      step.status = static_cast<std::uint16_t>(400 + i);
      box.inventory.on_signalling(step);
    }
    Call talked = call(kStart + 1h, 90, 90);
    talked.protocol = Protocol::sip;
    talked.line = 0;
    talked.own_number = "1001";
    box.inventory.on_call(talked);
    step.event = SignallingEvent::registered;
    step.device.clear();
    step.peer = Endpoint::parse("192.0.2.8:5060").value();
    step.transport = "tcp";
    step.user_agent = "Example Phone/1.0";
    box.inventory.on_signalling(step);
    phone = *box.inventory.find(kKept);
    nameless = *box.inventory.find("192.0.2.8");
    CHECK(phone->steps.size() == 1 + 19 + 1);  // "connected" and "lines" are no steps
    CHECK(nameless->registered);
  }
  StoreBox box(dir.path());
  const Phone& back = *box.inventory.find(kKept);
  CHECK(same(back, *phone));
  CHECK(back.transport == "udp");
  CHECK(same(*box.inventory.find("192.0.2.8"), *nameless));
  CHECK_FALSE(box.inventory.find("192.0.2.8")->registered);
  CHECK(story(back).size() == story(*phone).size());
  for (std::size_t i = 0; i < story(back).size(); ++i)
    CHECK(story(back)[i].detail == story(*phone)[i].detail);
}

TEST_CASE("on disk too, calls evict calls and not the boot") {
  const test::TempDir dir;
  {
    StoreBox box(dir.path(), {.max_phones = 10, .max_steps = 8});
    box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart);
    for (int i = 0; i < 50; ++i) {
      box.inventory.on_call(call(kStart + std::chrono::minutes(1 + i), 1, 1));
      (void)box.loop.run_until([n = 0]() mutable { return ++n > 3; }, 1s);
    }
  }
  CHECK(count(dir.path(), "step WHERE type IS NULL") == 1);
  CHECK(count(dir.path(), "step WHERE type = 'call'") == 7);
  StoreBox box(dir.path(), {.max_phones = 10, .max_steps = 8});
  REQUIRE(box.inventory.find(kKept)->steps.size() == 8);
  CHECK(box.inventory.find(kKept)->steps.front().is_file());
  CHECK(box.inventory.find(kKept)->steps.back().id == 51);
}

TEST_CASE("the database of each older version is read, and upgraded to the current schema") {
  const test::TempDir dir;
  { StoreBox today(dir.path() / "today"); }
  const std::size_t newest = test::version_of(dir.path() / "today/phones.db");
  REQUIRE(std::filesystem::exists(test::fixture_path("phones", newest)));
  for (std::size_t version = 1; version <= newest; ++version) {
    CAPTURE(version);
    const std::filesystem::path state = dir.path() / std::to_string(version);
    std::filesystem::create_directories(state);
    test::make_database(state / "phones.db", "phones", version);
    {
      StoreBox box(state);
      CHECK(box.store->storing());
      REQUIRE(box.inventory.size() == 2);
      const Phone& phone = *box.inventory.find(kKept);
      CHECK(phone.had_config);
      CHECK(phone.model == "7965");
      CHECK(phone.protocol == Protocol::sccp);
      CHECK(phone.follow_ups == std::vector<std::string>{"dialplan.xml", "softkeys.xml"});
      REQUIRE(phone.steps.size() == (version == 1 ? 3 : version == 2 ? 5 : 6));
      CHECK(phone.steps[1].is_file());
      CHECK(phone.steps[1].kind == FileKind::config);
      CHECK(phone.steps[1].outcome == FileOutcome::sent);
      CHECK(phone.steps[1].octets == 4321);
      CHECK(phone.steps[2].note == Note::rewritten);
      CHECK(phone.next_step == phone.steps.size() + (version == 1 ? 2 : 1));
      if (version >= 2) {
        CHECK(phone.steps[3].event == SignallingEvent::registered);
        CHECK(phone.steps[3].protocol == Protocol::sccp);
        CHECK(phone.steps[3].version == 17);
        CHECK(phone.steps[4].type == StepType::call);
        CHECK(phone.steps[4].protocol == Protocol::sccp);
        CHECK(phone.steps[4].call.silent == CallFigures::Silent::central);
        CHECK(phone.steps[4].call.from_phone == 450);
        CHECK(phone.steps[4].call.kept_from_phone == (version >= 4 ? 4s : 0s));
      }
      CHECK(box.admissions.all().size() == (version >= 5 ? 2 : 0));
      if (version >= 5) {
        const auto& admitted = box.admissions.all().front();
        CHECK(admitted.device == kKept);
        CHECK(admitted.source == IpAddress::parse("192.0.2.7").value());
        CHECK(admitted.by == provisioning::Admissions::By::registration);
        CHECK(admitted.user == "1001");
        CHECK(admitted.used - admitted.admitted == 2h);
        CHECK(box.admissions.all().back().by == provisioning::Admissions::By::operated);
      }
      using Homes = std::vector<LineHome>;
      CHECK(phone.homes ==
            (version >= 6 ? Homes{{"", "t1.example.net", 5160}, {"a line", "pbx.example.net", 0}} : Homes{}));
      if (version >= 3) {
        CHECK(phone.user_agent == "Cisco-CP7965G/9.4.2");
        CHECK(phone.steps[5].is_sip());
        CHECK(phone.steps[5].status == 403);
        CHECK(phone.steps[5].aor == "1001");
      }
      CHECK(box.inventory.find("2001:db8::7")->steps.front().outcome == FileOutcome::superseded);
      box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart + 48h);  // and it continues
    }
    test::check_upgraded(state / "phones.db", dir.path() / "today/phones.db");
    StoreBox again(state);
    CHECK(again.inventory.find(kKept)->steps.back().at == kStart + 48h);
  }
}

TEST_CASE("stories are written while it runs, step by step, and no more than is kept") {
  const test::TempDir dir;
  {
    StoreBox box(dir.path(), {.max_phones = 10, .max_steps = 4});
    for (int i = 0; i < 50; ++i) {
      box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart + std::chrono::seconds(i));
      (void)box.loop.run_until([n = 0]() mutable { return ++n > 3; }, 1s);
    }
  }
  CHECK(count(dir.path(), "step") == 4);
  CHECK(count(dir.path(), "step WHERE id > 46") == 4);
  StoreBox box(dir.path(), {.max_phones = 10, .max_steps = 4});
  REQUIRE(box.inventory.find(kKept) != nullptr);
  CHECK(box.inventory.find(kKept)->next_step == 51);
}

TEST_CASE("removed phones are removed from disk, also when fewer are kept after a restart") {
  const test::TempDir dir;
  const auto name = [](int i) { return "SEP" + std::to_string(100'000'000'000 + i); };
  {
    StoreBox box(dir.path(), {.max_phones = 20, .max_steps = 4});
    for (int i = 0; i < 60; ++i) {
      box.ask(name(i) + ".cnf.xml", FileOutcome::sent, kStart + std::chrono::seconds(i));
      (void)box.loop.run_until([n = 0]() mutable { return ++n > 2; }, 1s);
    }
  }
  CHECK(count(dir.path(), "phone") == 20);
  CHECK(count(dir.path(), "step") == 20);
  {
    StoreBox box(dir.path(), {.max_phones = 5, .max_steps = 4});
    CHECK(box.inventory.size() == 5);
    CHECK(box.inventory.find(name(59)) != nullptr);
    CHECK(box.inventory.find(name(54)) == nullptr);
  }
  CHECK(count(dir.path(), "phone") == 5);
}

TEST_CASE(
    "a phone that goes while it is being written is gone from disk, one that came again has its new story alone") {
  const test::TempDir dir;
  const std::string other = "SEPAABBCCDDEEFF";
  {
    StoreBox box(dir.path());
    box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart);
    box.ask(other + ".cnf.xml", FileOutcome::sent, kStart);
    box.ask(other + ".cnf.xml", FileOutcome::sent, kStart + 1s);
    auto another = store::Database::open(dir.path() / "phones.db", kSame);
    REQUIRE(another);
    auto lock = store::Transaction::begin(*another);  // the write waits for it
    REQUIRE(lock);
    bool posted = false;
    net::Timer after(box.loop, [&] { posted = true; });
    after.arm_after(50ms);
    REQUIRE(box.loop.run_until([&] { return posted; }, 5s));
    CHECK(box.inventory.forget(kKept));
    CHECK(box.inventory.forget(other));
    box.ask(other + ".cnf.xml", FileOutcome::not_found, kStart + 1h);
    REQUIRE(lock->commit());
  }
  CHECK(count(dir.path(), "phone") == 1);
  CHECK(count(dir.path(), "step") == 1);
  CHECK(count(dir.path(), "step WHERE outcome = 'not_found'") == 1);
}

TEST_CASE("a phone that was removed and came again starts a new story on disk too") {
  const test::TempDir dir;
  {
    StoreBox box(dir.path(), {.max_phones = 1, .max_steps = 8});
    for (int i = 0; i < 5; ++i)
      box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart + std::chrono::seconds(i));
    (void)box.loop.run_until([n = 0]() mutable { return ++n > 20; }, 1s);
    box.ask("SEPAABBCCDDEEFF.cnf.xml", FileOutcome::sent, kStart + 1h);
    box.ask(kKept + ".cnf.xml", FileOutcome::not_found, kStart + 2h);
  }
  CHECK(count(dir.path(), "phone") == 1);
  CHECK(count(dir.path(), "step") == 1);
  CHECK(count(dir.path(), "step WHERE outcome = 'not_found'") == 1);
}

TEST_CASE("admissions survive a restart, and removed ones do not come back") {
  const test::TempDir dir;
  const IpAddress home = IpAddress::parse("192.0.2.7").value(), other = IpAddress::parse("2001:db8:7:1::5").value();
  std::vector<provisioning::Admissions::Admission> before;
  {
    StoreBox box(dir.path());
    CHECK(box.admissions.registered(kStart, kKept, home, "1001"));
    CHECK(box.admissions.registered(kStart + 2h, kKept, other, "1001"));
    CHECK(box.admissions.registered(kStart, "SEP001122334456", home, ""));
    before = {box.admissions.all().begin(), box.admissions.all().end()};
  }
  CHECK(count(dir.path(), "admission") == 3);
  {
    StoreBox box(dir.path());
    CHECK(box.admissions.all().size() == before.size());
    for (const auto& admission : before)
      CHECK(std::ranges::find(box.admissions.all(), admission) != box.admissions.all().end());
    CHECK(box.admissions.forget({}, kKept));
  }
  CHECK(count(dir.path(), "admission") == 1);
  StoreBox box(dir.path());
  CHECK_FALSE(box.admissions.admitted(kKept, home));
  CHECK(box.admissions.admitted("SEP001122334456", home));
}

TEST_CASE("a folder that can't be used leaves the inventory in memory") {
  const test::TempDir dir;
  std::ofstream(dir.path() / "state") << "a file is in the way";
  StoreBox box(dir.path() / "state");
  CHECK(!box.store->storing());
  box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart);
  (void)box.loop.run_until([n = 0]() mutable { return ++n > 3; }, 1s);
  CHECK(box.inventory.size() == 1);
}

TEST_CASE("a database that can't be opened leaves the inventory in memory, and the file as it is") {
  const test::TempDir dir;
  const auto path = dir.path() / "phones.db";
  SUBCASE("a folder is in the way") {
    std::filesystem::create_directories(path);
  }
  SUBCASE("a newer program's") {
    const std::vector<std::string_view> newer(99, "");
    REQUIRE(store::Database::open(path, newer));
  }
  StoreBox box(dir.path());
  CHECK(!box.store->storing());
  for (int i = 0; i < 3; ++i)
    box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart + std::chrono::seconds(i));
  (void)box.loop.run_until([n = 0]() mutable { return ++n > 3; }, 1s);
  CHECK(box.inventory.find(kKept)->steps.size() == 3);
  CHECK_FALSE(std::filesystem::exists(path.string() + ".damaged"));
}

TEST_CASE("a damaged file is moved aside and stories start again") {
  const test::TempDir dir;
  std::ofstream(dir.path() / "phones.db") << std::string(9000, 'x');
  {
    StoreBox box(dir.path());
    CHECK(box.store->storing());
    box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart);
  }
  CHECK(std::filesystem::exists(dir.path() / "phones.db.damaged"));
  StoreBox box(dir.path());
  CHECK(box.inventory.size() == 1);
}

TEST_CASE("a disk that fails for a while loses nothing") {
  const test::TempDir dir;
  std::signal(SIGXFSZ, SIG_IGN);
  {
    StoreBox box(dir.path());
    box.ask(kKept + ".cnf.xml", FileOutcome::sent, kStart);
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    rlimit tight = before;
    tight.rlim_cur = 512;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
    const bool failed = box.loop.run_until([&] { return !box.store->storing(); }, 10s);
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    CHECK(failed);
    CHECK(box.loop.run_until([&] { return box.store->storing(); }, 10s));
  }
  CHECK(count(dir.path(), "step") == 1);
}
