#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace dw::store {

/// A prepared statement. Values are bound from 1, columns read from 0, as SQLite counts. Binding is sticky:
/// the first one that fails is told by `step`. A bound text or blob must stay until the next `reset`. Must
/// not outlive its Database.
class Statement {
 public:
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, Bytes blob);
  Statement& bind_null(int index);

  /// true: a row is there to be read; false: done.
  Result<bool> step();
  /// For a statement that gives no rows: steps, then resets for the next use.
  Result<void> run();
  void reset();  ///< values bound are forgotten

  std::int64_t integer(int column) const;
  std::string_view text(int column) const;  ///< good until the next step or reset
  Bytes blob(int column) const;             ///< likewise
  bool is_null(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
  void note(int code);

  sqlite3* db_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_failure_ = 0;
};

/// One SQLite database file. Used by one thread at a time. WAL, synchronous=NORMAL: after a crash of the
/// process every committed transaction is there, after a power cut the last few may not be.
/// Errors: malformed (the file is damaged), exhausted (disk full), unavailable (locked by another process),
/// system (everything else, with SQLite's words).
class Database {
 public:
  static constexpr int kBusyMs = 2000;  ///< waited for another process's lock

  /// `migrations[n]` is the SQL that brings version n to n + 1; the version stands in PRAGMA user_version.
  /// What becomes of a file that a newer program made: left alone (Errc::unsupported), or moved to PATH.newer.
  enum class Newer : std::uint8_t { refuse, begin_anew };
  /// A file that is damaged is moved to PATH.damaged (replacing an older one), logged, and a new one begun.
  static Result<Database> open(const std::string& path, std::span<const std::string_view> migrations,
                               Newer newer = Newer::refuse);

  Result<Statement> prepare(std::string_view sql);
  /// One or more statements without values or rows.
  Result<void> run(const std::string& sql);
  Result<std::int64_t> version();

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };
  explicit Database(sqlite3* db) : db_(db) {}
  static Result<Database> open_file(const std::string& path, std::span<const std::string_view> migrations);
  Result<void> migrate(std::span<const std::string_view> migrations);

  std::unique_ptr<sqlite3, Close> db_;
};

/// BEGIN IMMEDIATE … COMMIT; rolled back when it goes out of scope without a commit.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace dw::store
