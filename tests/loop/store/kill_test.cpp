// kill -9 at random points of a load of writes: the file opens, is whole, and holds everything that was reported as
// stored.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <random>

#include "sbc/store/database.hpp"
#include "tests/loop/store/temp_dir.hpp"

using namespace dw;
using namespace dw::store;

namespace {

constexpr int kKills = 40;
constexpr int kKeys = 50;
/// Each key has a row and `version` more in another table, which one transaction writes together.
constexpr std::array<std::string_view, 1> kSchema = {
    "CREATE TABLE phone(key INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT;"
    "CREATE TABLE step(phone INTEGER NOT NULL REFERENCES phone(key) ON DELETE CASCADE, id INTEGER NOT NULL,"
    " text TEXT NOT NULL, PRIMARY KEY(phone, id)) STRICT, WITHOUT ROWID"};

/// What the writer reports after a transaction: small enough for one write to a pipe.
struct Stored {
  std::int32_t key = 0, version = 0;
};

bool write_once(Database& db, std::int32_t key, std::int32_t version) {
  auto transaction = Transaction::begin(db);
  if (!transaction) return false;
  auto phone = db.prepare("INSERT OR REPLACE INTO phone VALUES(?, ?)");
  auto step = db.prepare("INSERT INTO step VALUES(?, ?, ?)");
  if (!phone || !step || !phone->bind(1, std::int64_t{key}).bind(2, std::int64_t{version}).run()) return false;
  const std::string text(static_cast<std::size_t>(version % 700), 's');
  for (std::int64_t id = 0; id < 1 + version % 5; ++id) {
    if (!step->bind(1, std::int64_t{key}).bind(2, id).bind(3, std::string_view(text)).run()) return false;
  }
  return transaction->commit().has_value();
}

/// In the child: writes until it is killed.
[[noreturn]] void write_on(const std::string& path, int pipe_end, std::int32_t first_version, unsigned seed) {
  auto db = Database::open(path, kSchema);
  std::mt19937 random(seed);
  for (std::int32_t version = first_version; db; ++version) {
    const Stored now{static_cast<std::int32_t>(random() % kKeys), version};
    if (!write_once(*db, now.key, version)) break;
    if (write(pipe_end, &now, sizeof now) != sizeof now) break;
  }
  _exit(1);
}

std::int64_t number(Database& db, const std::string& sql) {
  auto statement = db.prepare(sql);
  REQUIRE(statement);
  const auto row = statement->step();
  REQUIRE(row);
  return *row ? statement->integer(0) : -1;
}

}  // namespace

TEST_CASE("whenever the writer is killed, the file is whole and holds what was reported as stored") {
  const test::TempDir dir;
  const std::string path = dir.path() / "a.db";
  std::array<std::int32_t, kKeys> stored{};
  std::int32_t highest = 0;
  std::mt19937 random(7);
  for (int round = 0; round < kKills; ++round) {
    CAPTURE(round);
    std::array<int, 2> pipe{};
    REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
    const pid_t writer = fork();
    REQUIRE(writer >= 0);
    if (writer == 0) write_on(path, pipe[1], highest + 1, static_cast<unsigned>(random()));
    close(pipe[1]);
    // Killed after so many writes, during the next ones.
    auto left = 1 + random() % 200;
    for (Stored last; left != 0 && read(pipe[0], &last, sizeof last) == sizeof last; --left) {
      stored[static_cast<std::size_t>(last.key)] = last.version;
      highest = last.version;
    }
    CHECK(left == 0);
    kill(writer, SIGKILL);
    waitpid(writer, nullptr, 0);
    for (Stored last; read(pipe[0], &last, sizeof last) == sizeof last;) {
      stored[static_cast<std::size_t>(last.key)] = last.version;
      highest = last.version;
    }
    close(pipe[0]);
    auto db = Database::open(path, kSchema);
    REQUIRE(db);
    REQUIRE(!std::filesystem::exists(path + ".damaged"));
    for (int key = 0; key < kKeys; ++key) {
      CAPTURE(key);
      const std::string of = " WHERE key = " + std::to_string(key);
      const std::int64_t version = number(*db, "SELECT version FROM phone" + of);
      const std::int32_t reported = stored[static_cast<std::size_t>(key)];
      // One more may be stored that could not be reported.
      CHECK((reported == 0 ? version == -1 || version == highest + 1 : version == reported || version == highest + 1));
      if (version < 0) continue;
      const std::string steps = " FROM step WHERE phone = " + std::to_string(key);
      CHECK(number(*db, "SELECT count(*)" + steps) == 1 + version % 5);
      CHECK(number(*db, "SELECT count(*)" + steps + " AND length(text) <> " + std::to_string(version % 700)) == 0);
    }
    highest = std::max<std::int32_t>(highest, static_cast<std::int32_t>(number(*db, "SELECT max(version) FROM phone")));
    for (int key = 0; key < kKeys; ++key) {
      const auto version = number(*db, "SELECT version FROM phone WHERE key = " + std::to_string(key));
      if (version > 0) stored[static_cast<std::size_t>(key)] = static_cast<std::int32_t>(version);
    }
  }
}
