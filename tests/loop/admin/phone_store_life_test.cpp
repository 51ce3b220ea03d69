#include "tests/loop/admin/phone_store_box.hpp"

// The store while the daemon runs: what is written when, what is removed, and disks that fail.
using namespace dw;
using namespace dw::phones;
using dw::admin::PhoneStore;
using namespace std::chrono_literals;
using namespace dw::phone_store_test;

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
