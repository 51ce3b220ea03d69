#include "sbc/proxy/sip_store.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <utility>

#include "sbc/base/escape.hpp"

namespace dw::proxy {
namespace {

constexpr std::array<std::string_view, 3> kMigrations = {
    "CREATE TABLE binding("
    " token TEXT PRIMARY KEY, key TEXT NOT NULL, aor TEXT NOT NULL, user TEXT NOT NULL, contact TEXT NOT "
    "NULL,"
    " contact_uri TEXT NOT NULL, call_id TEXT NOT NULL, device TEXT NOT NULL, user_agent TEXT NOT NULL,"
    " device_type INTEGER NOT NULL, transport INTEGER NOT NULL, local TEXT NOT NULL, peer TEXT NOT NULL,"
    " stated TEXT NOT NULL, contact_port INTEGER NOT NULL, answers INTEGER NOT NULL, maps_host INTEGER NOT "
    "NULL,"
    " server TEXT NOT NULL, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    // Made of the others.
    "ALTER TABLE binding DROP COLUMN key", "ALTER TABLE binding ADD COLUMN loses_token INTEGER NOT NULL DEFAULT 0"};
constexpr std::string_view kSelect =
    "SELECT token, aor, user, contact, contact_uri, call_id, device, user_agent, device_type, "
    "transport, local,"
    " peer, stated, contact_port, answers, maps_host, server, expires, loses_token FROM binding";
constexpr std::string_view kPut =
    "INSERT OR REPLACE INTO binding VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

sip::Binding binding_in(const store::Statement& row) {
  sip::Binding b;
  b.token = row.text(0);
  b.aor = row.text(1);
  b.user = row.text(2);
  b.contact = row.text(3);
  b.contact_uri = row.text(4);
  b.call_id = row.text(5);
  b.device = row.text(6);
  b.user_agent = row.text(7);
  b.device_type = static_cast<unsigned>(row.integer(8));
  b.reach.flow.transport = row.integer(9) == 0 ? sip::Transport::udp : sip::Transport::tcp;
  b.reach.flow.local = Endpoint::parse(row.text(10)).value_or(Endpoint{});
  b.reach.flow.peer = Endpoint::parse(row.text(11)).value_or(Endpoint{});
  b.reach.stated = IpAddress::parse(row.text(12)).value_or(IpAddress{});
  b.reach.contact_port = static_cast<std::uint16_t>(row.integer(13));
  const auto answers = row.integer(14);
  b.reach.answers = answers == 1   ? sip::Reach::Answers::at_contact
                    : answers == 2 ? sip::Reach::Answers::at_source
                                   : sip::Reach::Answers::unknown;
  b.maps_host = row.integer(15) != 0;
  b.loses_token = row.integer(18) != 0;
  sip::name_binding(b);
  return b;
}

Result<void> put(store::Statement& s, const sip::Binding& b, const std::string& server, WallTime expires) {
  const std::string local = b.reach.flow.local.to_string(), peer = b.reach.flow.peer.to_string();
  const std::string stated = b.reach.stated ? b.reach.stated.to_string() : std::string();
  s.bind(1, std::string_view(b.token)).bind(2, std::string_view(b.aor));
  s.bind(3, std::string_view(b.user)).bind(4, std::string_view(b.contact)).bind(5, std::string_view(b.contact_uri));
  s.bind(6, std::string_view(b.call_id)).bind(7, std::string_view(b.device)).bind(8, std::string_view(b.user_agent));
  s.bind(9, std::int64_t{b.device_type});
  s.bind(10, std::int64_t{b.reach.flow.transport == sip::Transport::udp ? 0 : 1});
  s.bind(11, std::string_view(local)).bind(12, std::string_view(peer)).bind(13, std::string_view(stated));
  s.bind(14, std::int64_t{b.reach.contact_port}).bind(15, static_cast<std::int64_t>(b.reach.answers));
  s.bind(16, std::int64_t{b.maps_host}).bind(17, std::string_view(server));
  s.bind(18, std::int64_t{expires.time_since_epoch().count()}).bind(19, std::int64_t{b.loses_token});
  return s.run();
}

}  // namespace

SipStore::SipStore(net::Loop& loop, sip::Proxy& proxy, const Options& options)
    : loop_(loop),
      proxy_(proxy),
      options_(options),
      clock_(loop.now(), options.wall()),
      timer_(loop, [this] { tick(); }),
      worker_(loop) {}

std::unique_ptr<SipStore> SipStore::open(net::Loop& loop, const std::string& state_directory, sip::Proxy& proxy,
                                         sip::Output& out_of_proxy, const Options& options) {
  std::unique_ptr<SipStore> out(new SipStore(loop, proxy, options));
  if (const auto ok = out->load(state_directory, out_of_proxy); !ok) {
    out->database_.reset();
    spdlog::warn(
        "event=sip_state_unused reason=\"{}\" registrations are in memory only: after a restart phones are "
        "reached once they register again",
        escaped(ok.error().text));
    (void)proxy.bindings().take_changed();
    return out;
  }
  spdlog::info("event=sip_state bindings={}", proxy.bindings().size());
  (void)proxy.bindings().take_changed();  // as they are on disk
  out->timer_.arm_after(options.write_every);
  return out;
}

SipStore::~SipStore() {
  if (database_) write();
}

Result<void> SipStore::load(const std::string& state_directory, sip::Output& out) {
  auto opened = store::Database::open(state_directory + "/sip.db", kMigrations);
  if (!opened) return std::unexpected(opened.error());
  database_ = std::make_unique<store::Database>(std::move(*opened));
  auto rows = database_->prepare(kSelect);
  if (!rows) return std::unexpected(rows.error());
  const WallTime wall = options_.wall();
  const TimePoint now = loop_.now();
  const auto& servers = proxy_.parts().servers.all();
  for (;;) {
    const auto row = rows->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    sip::Binding b = binding_in(*rows);
    const WallTime expires{std::chrono::milliseconds(rows->integer(17))};
    if (expires <= wall) continue;
    b.expires_at = now + (expires < wall + kMaxKept ? Duration(expires - wall) : kMaxKept);
    b.server = servers.size();
    for (std::size_t i = 0; i < servers.size(); ++i) {
      if (server_name(i) == rows->text(16)) b.server = i;
    }
    proxy_.restore(std::move(b), now, out);
  }
  // If the disk is full, what was read is still used.
  if (auto old = database_->prepare("DELETE FROM binding WHERE expires <= ?"); old)
    (void)old->bind(1, std::int64_t{wall.time_since_epoch().count()}).run();
  return {};
}

std::string SipStore::server_name(std::size_t server) const {
  const auto& all = proxy_.parts().servers.all();
  if (server >= all.size()) return {};
  return std::string(sip::to_string(all[server].transport)) + " " + all[server].name.to_string();
}

void SipStore::tick() {
  if (clock_.look(loop_.now(), options_.wall()).count() != 0) all_again_ = true;
  if (!writing_) write();
  timer_.arm_after(failing_ ? options_.retry_after : options_.write_every);
}

SipStore::Batch SipStore::collect() {
  Batch batch;
  for (std::string& token : proxy_.bindings().take_changed())
    waiting_.insert(std::move(token));
  batch.all = std::exchange(all_again_, false) || waiting_.size() > kMaxWaiting;
  const WallTime wall = options_.wall();
  const auto keep = [&](const sip::Binding& b) {
    const auto left = std::chrono::floor<std::chrono::milliseconds>(b.expires_at - loop_.now());
    batch.kept.push_back({b, server_name(b.server), wall + left});
  };
  if (batch.all) proxy_.bindings().for_each(keep);
  for (const std::string& token : waiting_) {
    if (batch.all) break;
    if (const sip::Binding* const b = proxy_.bindings().by_token(token)) {
      keep(*b);
    } else {
      batch.gone.push_back(token);
    }
  }
  waiting_.clear();
  return batch;
}

void SipStore::write() {
  const auto batch = std::make_shared<Batch>(collect());
  if (!batch->all && batch->kept.empty() && batch->gone.empty()) return;
  const auto result = std::make_shared<Result<void>>();
  writing_ = worker_.post([batch, result, database = database_.get()] { *result = write_batch(*database, *batch); },
                          [this, batch, result] { on_written(*batch, *result); });
}

void SipStore::on_written(const Batch& batch, const Result<void>& result) {
  writing_ = false;
  if (result) {
    if (failing_) spdlog::info("event=sip_state_written registrations are on disk again");
    failing_ = false;
    return;
  }
  failing_ = true;
  all_again_ = all_again_ || batch.all;
  for (const Kept& kept : batch.kept)
    waiting_.insert(kept.binding.token);
  waiting_.insert(batch.gone.begin(), batch.gone.end());
  failures_.warn("event=sip_state_unwritten reason=\"{}\" registrations are not on disk, trying again in {}",
                 escaped(result.error().text), to_words(options_.retry_after));
}

Result<void> SipStore::write_batch(store::Database& database, const Batch& batch) {
  auto transaction = store::Transaction::begin(database);
  if (!transaction) return std::unexpected(transaction.error());
  auto drop = database.prepare("DELETE FROM binding WHERE token = ?");
  auto keep = database.prepare(kPut);
  if (!drop) return std::unexpected(drop.error());
  if (!keep) return std::unexpected(keep.error());
  if (batch.all) {
    if (auto done = database.run("DELETE FROM binding"); !done) return done;
  }
  for (const std::string& token : batch.gone) {
    if (auto done = drop->bind(1, std::string_view(token)).run(); !done) return done;
  }
  for (const Kept& kept : batch.kept) {
    if (auto done = put(*keep, kept.binding, kept.server, kept.expires); !done) return done;
  }
  return transaction->commit();
}

}  // namespace dw::proxy
