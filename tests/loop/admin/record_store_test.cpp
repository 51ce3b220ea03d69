// Records of calls and of our own runs, on disk.
#include "sbc/admin/record_store.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "sbc/net/loop.hpp"
#include "tests/loop/store/old_schema.hpp"
#include "tests/loop/store/temp_dir.hpp"

using namespace dw;
using namespace std::chrono_literals;
using admin::RecordStore;

namespace {

struct RecordBox {
  explicit RecordBox(const std::filesystem::path& at, RecordStore::Options options = {})
      : dir(at), store(RecordStore::open(loop, at.string(), options)) {}
  RecordStore::Answer finished(WallTime since = {}, std::size_t limit = 100) {
    std::optional<RecordStore::Answer> got;
    store->finished(since, limit, [&](RecordStore::Answer answer) { got = std::move(answer); });
    REQUIRE(loop.run_until([&] { return got.has_value(); }, 10s));
    return *got;
  }
  net::Loop loop;
  std::filesystem::path dir;
  std::unique_ptr<RecordStore> store;
};

std::string record_text(int n) {
  return "{\"n\":" + std::to_string(n) + "}";
}

}  // namespace

TEST_CASE("records survive a restart; a query returns the latest first, since a given time") {
  const test::TempDir dir;
  const WallTime now = wall_now();
  {
    RecordBox box(dir.path() / "state");
    CHECK(box.store->storing());
    for (int i = 1; i <= 5; ++i)
      box.store->add(now - std::chrono::minutes(10 * i), record_text(i));
    CHECK(box.finished().total == 5);  // without waiting for the next write
  }
  RecordBox box(dir.path() / "state");
  const auto all = box.finished();
  REQUIRE(all.records.size() == 5);
  CHECK(all.records.front() == record_text(1));
  CHECK(all.records.back() == record_text(5));
  const auto late = box.finished(now - 35min, 2);
  CHECK(late.total == 3);
  CHECK(late.records == std::vector<std::string>{record_text(1), record_text(2)});
}

TEST_CASE("records are kept as the settings say, by count and by age, and none with 0") {
  const test::TempDir dir;
  RecordStore::Options few;
  few.max_calls = 10;
  few.max_age = 2h;
  const WallTime now = wall_now();
  {
    RecordBox box(dir.path() / "state", few);
    box.store->add(now - 3h, record_text(0));
    for (int i = 1; i <= 100; ++i)
      box.store->add(now - 1min, record_text(i));
    const auto kept = box.finished();
    CHECK(kept.total == 10);
    CHECK(kept.records.front() == record_text(100));
    box.store->configure(0, 2h);
    box.store->add(now, record_text(101));
  }
  RecordBox box(dir.path() / "state", few);
  CHECK(box.finished().total == 0);
}

TEST_CASE("without a disk the last records are kept in memory") {
  const test::TempDir dir;
  std::ofstream(dir.path() / "file") << "x";
  RecordStore::Options few;
  few.max_calls = 3;
  RecordBox box(dir.path() / "file", few);
  CHECK_FALSE(box.store->storing());
  for (int i = 1; i <= 5; ++i)
    box.store->add(wall_now(), record_text(i));
  const auto kept = box.finished();
  CHECK(kept.total == 3);
  CHECK(kept.records.front() == record_text(5));
  CHECK(box.store->absences().empty());
}

TEST_CASE("a stop and a start make an absence; for a run that crashed, its last sign of life counts") {
  const test::TempDir dir;
  const auto at = dir.path() / "state";
  {
    RecordBox first(at);
    CHECK(first.store->absences().empty());
  }
  {
    RecordBox second(at);
    REQUIRE(second.store->absences().size() == 1);
    CHECK(second.store->absences()[0].clean);
    CHECK(second.store->absences()[0].from <= second.store->absences()[0].until);
  }
  {
    auto database = store::Database::open((at / "records.db").string(), std::array<std::string_view, 1>{""});
    REQUIRE(database);
    REQUIRE(
        database->run("UPDATE run SET stopped = NULL, seen = seen - 1 WHERE started = (SELECT max(started) FROM run)"));
  }
  RecordBox third(at);
  REQUIRE(third.store->absences().size() == 2);
  CHECK_FALSE(third.store->absences()[1].clean);
  for (int i = 0; i < 20; ++i)
    RecordBox again(at);
  RecordBox last(at);
  CHECK(last.store->absences().size() <= phones::kMaxAbsences);
}

TEST_CASE("the records of each older version are read, and upgraded to the current schema") {
  const test::TempDir today;
  { RecordBox box(today.path() / "state"); }
  for (std::size_t version = 1; version <= test::version_of(today.path() / "state" / "records.db"); ++version) {
    const test::TempDir dir;
    std::filesystem::create_directories(dir.path() / "state");
    test::make_database(dir.path() / "state" / "records.db", "records", version);
    {
      RecordBox box(dir.path() / "state", {.max_age = std::chrono::hours(24 * 36'500)});
      CHECK(box.finished().records ==
            std::vector<std::string>{"{\"event\":\"call_down\",\"device\":\"SEP001122334455\"}"});
      REQUIRE(box.store->absences().size() == 2);
      CHECK(box.store->absences()[0].clean);
      CHECK_FALSE(box.store->absences()[1].clean);
    }
    test::check_upgraded(dir.path() / "state" / "records.db", today.path() / "state" / "records.db");
  }
}
