#include "sbc/admin/phone_store.hpp"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "sbc/admin/admission_rows.hpp"
#include "sbc/admin/story_rows.hpp"
#include "sbc/base/escape.hpp"

namespace dw::admin {

using phones::Phone;
using phones::Step;

PhoneStore::PhoneStore(net::Loop& loop, phones::Inventory& inventory, provisioning::Admissions& admissions,
                       const Options& options)
    : inventory_(inventory),
      admissions_(admissions),
      options_(options),
      timer_(loop, [this] { tick(); }),
      worker_(loop) {}

PhoneStore::~PhoneStore() {
  if (database_ == nullptr) return;
  // The write in progress ends before this last one. A phone removed meanwhile must be removed from disk too.
  if (in_flight_) {
    for (const Phone& phone : in_flight_->phones)
      saved_.try_emplace(phone.key());
    removals_seen_ = inventory_.removals() - 1;
  }
  write(waiting_.max_size(), 2 * provisioning::Admissions::kMaxAdmissions);
}

std::unique_ptr<PhoneStore> PhoneStore::open(net::Loop& loop, const std::string& state_directory,
                                             phones::Inventory& inventory, provisioning::Admissions& admissions,
                                             const Options& options) {
  std::unique_ptr<PhoneStore> out(new PhoneStore(loop, inventory, admissions, options));
  if (const auto loaded = out->load(state_directory); !loaded) {
    out->database_.reset();
    spdlog::warn("event=state_off dir={} reason=\"{}\" stories of phones, and who is admitted, are kept in memory only",
                 state_directory, escaped(loaded.error().text));
    return out;
  }
  spdlog::info("event=state_open dir={} phones={}", state_directory, inventory.size());
  out->timer_.arm_after(options.write_every);
  return out;
}

Result<void> PhoneStore::load(const std::string& state_directory) {
  if (::mkdir(state_directory.c_str(), 0750) != 0 && errno != EEXIST)
    return fail_errno(errno, "making " + state_directory);
  auto opened = store::Database::open(state_directory + "/phones.db", phone_migrations());
  if (!opened) return std::unexpected(opened.error());
  database_ = std::make_unique<store::Database>(std::move(*opened));
  auto phones = database_->prepare(kSelectPhones);
  if (!phones) return std::unexpected(phones.error());
  auto steps = database_->prepare(kSelectSteps);
  if (!steps) return std::unexpected(steps.error());
  for (;;) {
    const auto row = phones->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    Phone phone = phone_in(*phones);
    const std::string key = phone.key();
    steps->bind(1, std::string_view(key));
    for (auto more = steps->step(); !more || *more; more = steps->step()) {
      if (!more) return std::unexpected(more.error());
      phone.steps.push_back(step_in(*steps));
    }
    steps->reset();
    note_saved(phone);
    inventory_.restore(std::move(phone));
  }
  return load_admissions(*database_, admissions_);
}

void PhoneStore::tick() {
  if (!in_flight_) write(kMaxPhonesAWrite, kMaxAdmissionsAWrite);
  timer_.arm_after(failing_ ? options_.retry_after : options_.write_every);
}

PhoneStore::Oldest PhoneStore::oldest_of(const Phone& phone) {
  Oldest oldest{phone.next_step, phone.next_step};
  for (const Step& step : phone.steps) {
    std::uint64_t& lowest = step.is_live() ? oldest.live : oldest.file;
    lowest = std::min(lowest, step.id);
  }
  return oldest;
}

PhoneStore::Batch PhoneStore::collect(std::size_t max_phones, std::size_t max_admissions) {
  Batch batch;
  batch.admissions = admissions_.take_changes(max_admissions);
  for (auto key = waiting_.begin(); key != waiting_.end() && batch.phones.size() < max_phones;) {
    const Phone* const phone = inventory_.find(*key);
    if (phone != nullptr) {
      const auto known = saved_.find(*key);
      const bool replaced = known != saved_.end() && known->second.first_seen != phone->first_seen;
      if (replaced) batch.gone.push_back(*key);
      const std::uint64_t saved = known == saved_.end() || replaced ? 0 : known->second.highest;
      Phone copy = *phone;
      batch.oldest.push_back(oldest_of(copy));
      std::erase_if(copy.steps, [&](const Step& step) { return step.id <= saved; });
      batch.phones.push_back(std::move(copy));
    }
    key = waiting_.erase(key);
  }
  if (inventory_.removals() != removals_seen_) {
    for (const auto& [key, _] : saved_) {
      if (inventory_.find(key) == nullptr) batch.gone.push_back(key);
    }
    removals_seen_ = inventory_.removals();
  }
  return batch;
}

void PhoneStore::write(std::size_t max_phones, std::size_t max_admissions) {
  for (std::string& key : inventory_.take_unsaved())
    waiting_.insert(std::move(key));
  auto batch = std::make_shared<Batch>(collect(max_phones, max_admissions));
  if (batch->phones.empty() && batch->gone.empty() && batch->admissions.empty()) return;
  auto result = std::make_shared<Result<void>>();
  if (worker_.post([batch, result, database = database_.get()] { *result = write_batch(*database, *batch); },
                   [this, batch, result] { on_written(batch, *result); }))
    in_flight_ = batch;
}

void PhoneStore::on_written(const std::shared_ptr<Batch>& batch, const Result<void>& result) {
  in_flight_.reset();
  if (!result) {
    failing_ = true;
    for (const Phone& phone : batch->phones)
      waiting_.insert(phone.key());
    admissions_.give_back(std::move(batch->admissions));
    removals_seen_ = inventory_.removals() - 1;  // compare again to find removed phones
    failures_.warn("event=state_unwritten reason=\"{}\" stories of phones are not on disk, trying again in {}",
                   escaped(result.error().text), to_words(options_.retry_after));
    return;
  }
  if (failing_) spdlog::info("event=state_written stories of phones are on disk again");
  failing_ = false;
  for (const std::string& key : batch->gone)
    saved_.erase(key);
  for (const Phone& phone : batch->phones)
    note_saved(phone);
}

void PhoneStore::note_saved(const Phone& phone) {
  Saved& saved = saved_[phone.key()];
  saved.first_seen = phone.first_seen;
  for (const Step& step : phone.steps)
    saved.highest = std::max(saved.highest, step.id);
}

Result<void> PhoneStore::write_batch(store::Database& database, const Batch& batch) {
  auto transaction = store::Transaction::begin(database);
  if (!transaction) return std::unexpected(transaction.error());
  auto drop = database.prepare("DELETE FROM phone WHERE key = ?");
  auto trim = database.prepare("DELETE FROM step WHERE phone = ? AND id < iif(type IS NULL, ?, ?)");
  auto phone = database.prepare(kPutPhone);
  auto step = database.prepare(kPutStep);
  for (const auto* statement : {&drop, &trim, &phone, &step}) {
    if (!*statement) return std::unexpected(statement->error());
  }
  for (const std::string& key : batch.gone) {
    if (auto done = drop->bind(1, std::string_view(key)).run(); !done) return done;
  }
  for (std::size_t i = 0; i < batch.phones.size(); ++i) {
    const std::string key = batch.phones[i].key();
    if (auto done = put_phone(*phone, batch.phones[i]); !done) return done;
    for (const Step& s : batch.phones[i].steps) {
      if (auto done = put_step(*step, key, s); !done) return done;
    }
    const Oldest& oldest = batch.oldest[i];
    trim->bind(1, std::string_view(key)).bind(2, signed_of(oldest.file)).bind(3, signed_of(oldest.live));
    if (auto done = trim->run(); !done) return done;
  }
  if (auto done = write_admissions(database, batch.admissions); !done) return done;
  return transaction->commit();
}

}  // namespace dw::admin
