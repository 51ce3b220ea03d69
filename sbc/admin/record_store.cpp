#include "sbc/admin/record_store.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "sbc/phones/inventory.hpp"

namespace dw::admin {
namespace {

constexpr std::array<std::string_view, 1> kRecordMigrations = {
    "CREATE TABLE call(id INTEGER PRIMARY KEY, ended INTEGER NOT NULL, record TEXT NOT NULL) STRICT;"
    "CREATE INDEX call_ended ON call(ended);"
    "CREATE TABLE run(started INTEGER PRIMARY KEY, seen INTEGER NOT NULL, stopped INTEGER) STRICT"};

std::int64_t record_ms(WallTime at) {
  return at.time_since_epoch().count();
}
WallTime record_time(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(ms));
}

}  // namespace

RecordStore::RecordStore(net::Loop& loop, const Options& options)
    : options_(options), started_(wall_now()), timer_(loop, [this] { tick(); }), worker_(loop) {}

RecordStore::~RecordStore() {
  if (database_) write(true);
}

std::unique_ptr<RecordStore> RecordStore::open(net::Loop& loop, const std::string& state_directory,
                                               const Options& options) {
  std::unique_ptr<RecordStore> out(new RecordStore(loop, options));
  if (const auto loaded = out->load(state_directory); !loaded) {
    out->database_.reset();
    spdlog::warn("event=records_off dir={} reason=\"{}\" records of calls are kept in memory only", state_directory,
                 escaped(loaded.error().text));
    return out;
  }
  out->write(false);
  out->timer_.arm_after(options.write_every);
  return out;
}

void RecordStore::configure(std::size_t max_calls, std::chrono::hours max_age) {
  options_.max_calls = max_calls;
  options_.max_age = max_age;
}

Result<void> RecordStore::load(const std::string& state_directory) {
  if (::mkdir(state_directory.c_str(), 0750) != 0 && errno != EEXIST)
    return fail_errno(errno, "making " + state_directory);
  auto opened = store::Database::open(state_directory + "/records.db", kRecordMigrations);
  if (!opened) return std::unexpected(opened.error());
  database_ = std::make_unique<store::Database>(std::move(*opened));
  return load_runs();
}

Result<void> RecordStore::load_runs() {
  auto runs = database_->prepare("SELECT started, seen, stopped FROM run ORDER BY started");
  if (!runs) return std::unexpected(runs.error());
  std::optional<phones::Absence> after;  // the previous run
  const auto ends_with = [&](WallTime started) {
    if (!after || after->from > started) return;  // the clock was set
    after->until = started;
    absences_.push_back(*after);
  };
  for (;;) {
    const auto row = runs->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    ends_with(record_time(runs->integer(0)));
    after = phones::Absence{record_time(runs->integer(runs->is_null(2) ? 1 : 2)), {}, !runs->is_null(2)};
  }
  ends_with(started_);
  if (const std::size_t most = phones::kMaxAbsences; absences_.size() > most)
    absences_.erase(absences_.begin(), absences_.end() - static_cast<std::ptrdiff_t>(most));
  return {};
}

void RecordStore::add(WallTime ended, std::string record) {
  if (options_.max_calls == 0) return;
  waiting_.emplace_back(ended, std::move(record));
  if (waiting_.size() > std::min(kMaxWaiting, database_ ? kMaxWaiting : options_.max_calls)) waiting_.pop_front();
}

void RecordStore::tick() {
  const TimePoint now = Clock::now();
  if (!writing_ && (!waiting_.empty() || now - said_alive_ >= options_.alive_every)) write(false);
  timer_.arm_after(options_.write_every);
}

void RecordStore::write(bool stopping) {
  said_alive_ = Clock::now();
  const WallTime now = wall_now();
  auto batch = std::make_shared<Batch>();
  batch->records.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  batch->started = record_ms(started_);
  batch->seen = record_ms(std::max(now, started_));
  batch->stopping = stopping;
  batch->keep = static_cast<std::int64_t>(options_.max_calls);
  batch->not_before = record_ms(now - options_.max_age);
  auto result = std::make_shared<Result<void>>();
  writing_ = worker_.post([batch, result, database = database_.get()] { *result = write_batch(*database, *batch); },
                          [this, batch, result] {
                            writing_ = false;
                            failing_ = !*result;
                            if (!failing_) return;
                            failures_.warn("event=records_unwritten reason=\"{}\" records of calls are not on disk",
                                           escaped(result->error().text));
                            waiting_.insert(waiting_.begin(), std::make_move_iterator(batch->records.begin()),
                                            std::make_move_iterator(batch->records.end()));
                            while (waiting_.size() > kMaxWaiting)
                              waiting_.pop_front();
                          });
}

Result<void> RecordStore::write_batch(store::Database& database, const Batch& batch) {
  auto transaction = store::Transaction::begin(database);
  if (!transaction) return std::unexpected(transaction.error());
  auto put = database.prepare("INSERT INTO call(ended, record) VALUES(?, ?)");
  auto few = database.prepare("DELETE FROM call WHERE id <= (SELECT max(id) FROM call) - ?");
  auto young = database.prepare("DELETE FROM call WHERE ended < ?");
  auto run = database.prepare(
      "INSERT INTO run(started, seen, stopped) VALUES(?, ?, ?)"
      " ON CONFLICT(started) DO UPDATE SET seen = excluded.seen, stopped = excluded.stopped");
  auto runs =
      database.prepare("DELETE FROM run WHERE started NOT IN (SELECT started FROM run ORDER BY started DESC LIMIT ?)");
  for (const auto* statement : {&put, &few, &young, &run, &runs}) {
    if (!*statement) return std::unexpected(statement->error());
  }
  for (const auto& [ended, record] : batch.records) {
    if (auto done = put->bind(1, record_ms(ended)).bind(2, std::string_view(record)).run(); !done) return done;
  }
  if (auto done = few->bind(1, batch.keep).run(); !done) return done;
  if (auto done = young->bind(1, batch.not_before).run(); !done) return done;
  run->bind(1, batch.started).bind(2, batch.seen);
  if (batch.stopping) {
    run->bind(3, batch.seen);
  } else {
    run->bind_null(3);
  }
  if (auto done = run->run(); !done) return done;
  if (auto done = runs->bind(1, std::int64_t{phones::kMaxAbsences + 1}).run(); !done) return done;
  return transaction->commit();
}

void RecordStore::finished(WallTime since, std::size_t limit, std::function<void(Answer)> done) {
  limit = std::min(limit, kMaxAsked);
  if (!database_) return done(from_memory(since, limit));
  if (!waiting_.empty()) write(false);
  auto answer = std::make_shared<Result<Answer>>();
  const bool taken = worker_.post(
      [answer, since, limit, database = database_.get()] { *answer = read(*database, since, limit); },
      [this, answer, since, limit, done] { done(*answer ? std::move(**answer) : from_memory(since, limit)); });
  if (!taken) done(from_memory(since, limit));
}

Result<RecordStore::Answer> RecordStore::read(store::Database& database, WallTime since, std::size_t limit) {
  Answer out;
  auto total = database.prepare("SELECT count(*) FROM call WHERE ended >= ?");
  auto select = database.prepare("SELECT record FROM call WHERE ended >= ? ORDER BY ended DESC, id DESC LIMIT ?");
  if (!total) return std::unexpected(total.error());
  if (!select) return std::unexpected(select.error());
  if (auto row = total->bind(1, record_ms(since)).step(); !row) return std::unexpected(row.error());
  out.total = static_cast<std::uint64_t>(total->integer(0));
  select->bind(1, record_ms(since)).bind(2, static_cast<std::int64_t>(limit));
  for (;;) {
    const auto row = select->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return out;
    out.records.emplace_back(select->text(0));
  }
}

RecordStore::Answer RecordStore::from_memory(WallTime since, std::size_t limit) const {
  Answer out;
  for (auto record = waiting_.rbegin(); record != waiting_.rend(); ++record) {
    if (record->first < since) continue;
    ++out.total;
    if (out.records.size() < limit) out.records.push_back(record->second);
  }
  return out;
}

}  // namespace dw::admin
