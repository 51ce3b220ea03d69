#include "sbc/store/database.hpp"

#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "tests/loop/store/temp_dir.hpp"

using namespace dw;
using namespace dw::store;
namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 1> kFirst = {"CREATE TABLE t(k TEXT PRIMARY KEY, n INTEGER, b BLOB) STRICT"};
constexpr std::array<std::string_view, 2> kSecond = {kFirst[0],
                                                     "ALTER TABLE t ADD COLUMN extra TEXT NOT NULL DEFAULT 'none'"};

std::int64_t count(Database& db, std::string_view table = "t") {
  auto statement = db.prepare("SELECT count(*) FROM " + std::string(table));
  REQUIRE(statement);
  REQUIRE(statement->step().value());
  return statement->integer(0);
}

void insert(Database& db, std::string_view key, std::int64_t n) {
  auto statement = db.prepare("INSERT INTO t(k, n) VALUES(?, ?)");
  REQUIRE(statement);
  REQUIRE(statement->bind(1, key).bind(2, n).run());
}

}  // namespace

TEST_CASE("values are read as they were bound") {
  const test::TempDir dir;
  auto db = Database::open(dir.path() / "a.db", kFirst);
  REQUIRE(db);
  auto put = db->prepare("INSERT INTO t(k, n, b) VALUES(?, ?, ?)");
  REQUIRE(put);
  const std::string odd("with\0nul and 'quotes'", 21);
  const Buffer octets = {0, 255, 1};
  REQUIRE(put->bind(1, odd).bind(2, std::int64_t{-5'000'000'000}).bind(3, octets).run());
  REQUIRE(put->bind(1, std::string_view()).bind_null(2).bind(3, Bytes()).run());
  auto rows = db->prepare("SELECT k, n, b FROM t ORDER BY n DESC");
  REQUIRE(rows);
  REQUIRE(rows->step().value());
  CHECK(rows->text(0) == odd);
  CHECK(rows->integer(1) == -5'000'000'000);
  CHECK(Buffer(rows->blob(2).begin(), rows->blob(2).end()) == octets);
  REQUIRE(rows->step().value());
  CHECK(rows->text(0).empty());
  CHECK(!rows->is_null(0));
  CHECK(rows->is_null(1));
  CHECK(!rows->is_null(2));
  CHECK(rows->blob(2).empty());
  CHECK(!rows->step().value());
}

TEST_CASE("a value that can't be bound fails the step, and reset makes the statement good again") {
  const test::TempDir dir;
  auto db = Database::open(dir.path() / "a.db", kFirst);
  auto put = db->prepare("INSERT INTO t(k) VALUES(?)");
  REQUIRE(put);
  CHECK(!put->bind(1, "x").bind(2, std::int64_t{1}).run());
  CHECK(count(*db) == 0);
  CHECK(put->bind(1, "x").run());
  CHECK(count(*db) == 1);
  CHECK(!put->bind(1, "x").run());  // primary key
  CHECK(put->bind(1, "y").run());
}

TEST_CASE("migrations run once each and keep what is there") {
  const test::TempDir dir;
  const std::string path = dir.path() / "a.db";
  {
    auto db = Database::open(path, kFirst);
    REQUIRE(db);
    CHECK(db->version().value() == 1);
    insert(*db, "one", 1);
  }
  auto db = Database::open(path, kSecond);
  REQUIRE(db);
  CHECK(db->version().value() == 2);
  auto row = db->prepare("SELECT k, extra FROM t");
  REQUIRE(row);
  REQUIRE(row->step().value());
  CHECK(row->text(0) == "one");
  CHECK(row->text(1) == "none");
}

TEST_CASE("a migration that fails leaves the version before it") {
  const test::TempDir dir;
  const std::string path = dir.path() / "a.db";
  constexpr std::array<std::string_view, 2> kBroken = {kFirst[0], "CREATE TABLE u(x); CREATE TABLE t(again)"};
  CHECK(!Database::open(path, kBroken));
  auto db = Database::open(path, kFirst);
  REQUIRE(db);
  CHECK(db->version().value() == 1);
  CHECK(!db->prepare("SELECT x FROM u"));
}

TEST_CASE("a transaction is all or nothing") {
  const test::TempDir dir;
  auto db = Database::open(dir.path() / "a.db", kFirst);
  REQUIRE(db);
  {
    auto transaction = Transaction::begin(*db);
    REQUIRE(transaction);
    insert(*db, "lost", 1);
  }
  CHECK(count(*db) == 0);
  {
    auto transaction = Transaction::begin(*db);
    REQUIRE(transaction);
    insert(*db, "kept", 1);
    REQUIRE(transaction->commit());
  }
  CHECK(count(*db) == 1);
}

TEST_CASE("a damaged file is moved aside and a new one created") {
  const test::TempDir dir;
  const fs::path path = dir.path() / "a.db";
  SUBCASE("not a database at all") {
    std::ofstream(path) << std::string(8192, 'x');
  }
  SUBCASE("pages overwritten") {
    {
      auto db = Database::open(path, kFirst);
      REQUIRE(db);
      for (int i = 0; i < 2000; ++i)
        insert(*db, "key " + std::to_string(i), i);
      REQUIRE(db->run("PRAGMA wal_checkpoint(TRUNCATE)"));
    }
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    const std::string junk(12'288, '\x5a');
    file.write(junk.data(), static_cast<std::streamsize>(junk.size()));
  }
  auto db = Database::open(path, kFirst);
  REQUIRE(db);
  CHECK(count(*db) == 0);
  insert(*db, "new", 1);
  CHECK(count(*db) == 1);
  CHECK(fs::exists(path.string() + ".damaged"));
}

TEST_CASE("a newer program's file is left alone, and the error says what to do") {
  const test::TempDir dir;
  const fs::path path = dir.path() / "a.db";
  {
    auto newer = Database::open(path, kSecond);
    REQUIRE(newer);
    insert(*newer, "kept", 1);
  }
  const auto refused = Database::open(path, kFirst);
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::unsupported);
  CHECK(refused.error().text.find("written by a newer Dropwire (its schema has version 2, this program knows 1)") !=
        std::string::npos);
  CHECK(!fs::exists(path.string() + ".newer"));
  auto again = Database::open(path, kSecond);
  REQUIRE(again);
  CHECK(count(*again) == 1);
}

TEST_CASE("a full disk is reported as such, and writing works once there is room") {
  const test::TempDir dir;
  auto db = Database::open(dir.path() / "a.db", kFirst);
  REQUIRE(db);
  REQUIRE(db->run("PRAGMA max_page_count = 8"));
  Result<void> put;
  std::int64_t stored = 0;
  for (int i = 0; i < 10'000 && put; ++i) {
    auto statement = db->prepare("INSERT INTO t(k, n) VALUES(?, ?)");
    REQUIRE(statement);
    const std::string key = "a key that takes some room, number " + std::to_string(i);
    put = statement->bind(1, key).bind(2, std::int64_t{i}).run();
    stored += put ? 1 : 0;
  }
  REQUIRE(!put);
  CHECK(put.error().code == Errc::exhausted);
  CHECK(count(*db) == stored);
  REQUIRE(db->run("PRAGMA max_page_count = 1000"));
  insert(*db, "after", 1);
  CHECK(count(*db) == stored + 1);
}

TEST_CASE("for data that can be fetched again, a newer program's file is moved aside") {
  const test::TempDir dir;
  const fs::path path = dir.path() / "a.db";
  REQUIRE(Database::open(path, kSecond));
  auto db = Database::open(path, kFirst, Database::Newer::start_over);
  REQUIRE(db);
  CHECK(db->version().value() == 1);
  CHECK(fs::exists(path.string() + ".newer"));
}

TEST_CASE("a path that can't be opened is an error that says which") {
  const test::TempDir dir;
  const auto db = Database::open(dir.path() / "no" / "such" / "folder.db", kFirst);
  REQUIRE(!db);
  CHECK(db.error().code == Errc::system);
  CHECK(db.error().text.find("folder.db") != std::string::npos);
}
