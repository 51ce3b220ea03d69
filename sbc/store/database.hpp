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

/// A prepared statement. As in SQLite, values are bound from 1 and columns read from 0. Bind errors are sticky: `step`
/// returns the first one. A bound text or blob must stay valid until the next `reset`. Must not outlive its Database.
class Statement {
 public:
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, Bytes blob);
  Statement& bind_null(int index);

  /// true: there is a row; false: done.
  Result<bool> step();
  /// For a statement without rows: steps, then resets for the next use.
  Result<void> run();
  void reset();  ///< drops the bound values

  std::int64_t integer(int column) const;
  std::string_view text(int column) const;  ///< valid until the next step or reset
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

/// One SQLite database file. Used by one thread at a time. WAL, synchronous=NORMAL: committed transactions survive a
/// crash of the process; a power cut may lose the last few. Errors: malformed (the file is damaged), exhausted (disk
/// full), unavailable (locked by another process), system (everything else, with SQLite's message).
class Database {
 public:
  static constexpr int kBusyMs = 2000;  ///< how long to wait for another process's lock

  /// What to do with a file from a newer program: leave it alone (Errc::unsupported), or move it to PATH.newer and
  /// create a new one.
  enum class Newer : std::uint8_t { refuse, start_over };
  /// `migrations[n]` is the SQL from version n to n + 1; the version is stored in PRAGMA user_version. A damaged file
  /// is moved to PATH.damaged (replacing an older one), this is logged, and a new file is created.
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

/// BEGIN IMMEDIATE … COMMIT; rolled back when it is destroyed without a commit.
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
