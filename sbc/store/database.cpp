#include "sbc/store/database.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <cstdio>

#include "sbc/base/escape.hpp"

namespace dw::store {
namespace {

std::unexpected<Error> failure(sqlite3* db, int code, std::string_view doing) {
  Errc errc = Errc::system;
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      errc = Errc::malformed;
      break;
    case SQLITE_FULL:
      errc = Errc::exhausted;
      break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      errc = Errc::unavailable;
      break;
    default:
      break;
  }
  const std::string_view words = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  return fail(errc, fmt::format("{}: {}", doing, words));
}

/// Renames the file and its write-ahead log, so that a person can still examine them. Replaces older files of that
/// name.
bool move_aside(const std::string& path, std::string_view suffix) {
  for (const std::string_view part : {"-wal", "-shm"}) {
    std::rename(fmt::format("{}{}", path, part).c_str(), fmt::format("{}{}{}", path, suffix, part).c_str());
  }
  return std::rename(path.c_str(), fmt::format("{}{}", path, suffix).c_str()) == 0;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::note(int code) {
  if (code != SQLITE_OK && bind_failure_ == SQLITE_OK) bind_failure_ = code;
}

Statement& Statement::bind(int index, std::int64_t value) {
  note(sqlite3_bind_int64(statement_.get(), index, value));
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  const char* const data = text.data() != nullptr ? text.data() : "";  // a null pointer would bind NULL
  note(sqlite3_bind_text64(statement_.get(), index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(int index, Bytes blob) {
  if (blob.empty()) {
    note(sqlite3_bind_zeroblob(statement_.get(), index, 0));
  } else {
    note(sqlite3_bind_blob64(statement_.get(), index, blob.data(), blob.size(), SQLITE_STATIC));
  }
  return *this;
}

Statement& Statement::bind_null(int index) {
  note(sqlite3_bind_null(statement_.get(), index));
  return *this;
}

Result<bool> Statement::step() {
  if (bind_failure_ != SQLITE_OK) return failure(db_, bind_failure_, "a value could not be bound");
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failure(db_, code, "a statement failed");
}

Result<void> Statement::run() {
  Result<bool> row = step();
  reset();
  if (!row) return std::unexpected(std::move(row.error()));
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  bind_failure_ = SQLITE_OK;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const unsigned char* const data = sqlite3_column_text(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (data == nullptr || size <= 0) return {};
  return as_text({data, static_cast<std::size_t>(size)});
}

Bytes Statement::blob(int column) const {
  const void* const data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (data == nullptr || size <= 0) return {};
  return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* db) const {
  sqlite3_close_v2(db);
}

Result<Database> Database::open(const std::string& path, std::span<const std::string_view> migrations, Newer newer) {
  Result<Database> opened = open_file(path, migrations);
  const bool start_over = !opened && (opened.error().code == Errc::malformed ||
                                      (opened.error().code == Errc::unsupported && newer == Newer::start_over));
  if (!start_over) return opened;
  const std::string_view suffix = opened.error().code == Errc::malformed ? ".damaged" : ".newer";
  if (!move_aside(path, suffix)) return opened;
  spdlog::warn("event=database_moved path={} to={}{} reason=\"{}\" a new one was begun", path, path, suffix,
               escaped(opened.error().text));
  return open_file(path, migrations);
}

Result<Database> Database::open_file(const std::string& path, std::span<const std::string_view> migrations) {
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) return failure(raw, code, fmt::format("can't open {}", path));
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, kBusyMs);
  // Text in a file that somebody modified must not reach functions with side effects.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);

  Result<Statement> check = database.prepare("PRAGMA quick_check(1)");
  if (!check) return std::unexpected(check.error());
  const Result<bool> row = check->step();
  if (!row) return std::unexpected(row.error());
  if (check->text(0) != "ok") return fail(Errc::malformed, fmt::format("{} is damaged: {}", path, check->text(0)));
  check->reset();
  const Result<std::int64_t> version = database.version();
  if (!version) return std::unexpected(version.error());
  if (*version < 0 || *version > static_cast<std::int64_t>(migrations.size()))
    return fail(Errc::unsupported,
                fmt::format("{} was written by a newer Dropwire (its schema has version {}, this program knows {}): "
                            "install that one again, or move the file away",
                            path, *version, migrations.size()));

  if (auto ran = database.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON"); !ran)
    return std::unexpected(ran.error());
  if (auto migrated = database.migrate(migrations); !migrated) return std::unexpected(migrated.error());
  return database;
}

Result<void> Database::migrate(std::span<const std::string_view> migrations) {
  const Result<std::int64_t> at = version();
  if (!at) return std::unexpected(at.error());
  const auto wanted = static_cast<std::int64_t>(migrations.size());
  for (std::int64_t v = *at; v < wanted; ++v) {
    Result<Transaction> transaction = Transaction::begin(*this);
    if (!transaction) return std::unexpected(transaction.error());
    const std::string_view sql = migrations[static_cast<std::size_t>(v)];
    if (auto ran = run(fmt::format("{}; PRAGMA user_version={}", sql, v + 1)); !ran) return ran;
    if (auto committed = transaction->commit(); !committed) return committed;
  }
  return {};
}

Result<std::int64_t> Database::version() {
  Result<Statement> statement = prepare("PRAGMA user_version");
  if (!statement) return std::unexpected(statement.error());
  const Result<bool> row = statement->step();
  if (!row) return std::unexpected(row.error());
  return statement->integer(0);
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code =
      sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return failure(db_.get(), code, "a statement could not be prepared");
  return Statement(db_.get(), raw);
}

Result<void> Database::run(const std::string& sql) {
  const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(db_.get(), code, "a statement failed");
  return {};
}

Result<Transaction> Transaction::begin(Database& database) {
  if (auto begun = database.run("BEGIN IMMEDIATE"); !begun) return std::unexpected(begun.error());
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ != nullptr) (void)database_->run("ROLLBACK");
}

Result<void> Transaction::commit() {
  auto done = database_->run("COMMIT");
  if (done) database_ = nullptr;
  return done;
}

}  // namespace dw::store
