#include "sbc/admin/story_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "sbc/admin/admission_rows.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/phones/inventory.hpp"

namespace dw::admin {
namespace {

using phones::Call;
using phones::CallFigures;
using phones::FileOutcome;
using phones::Note;
using phones::Phone;
using phones::Protocol;
using phones::Step;
using phones::StepType;

/// The second migration: registrations and calls. A step whose type is NULL is a file or a note. The third: SIP; live
/// steps from before are SCCP's.
constexpr std::array<std::string_view, 6> kMigrations = {
    "CREATE TABLE phone("
    " key TEXT PRIMARY KEY, device TEXT NOT NULL, address TEXT NOT NULL, protocol TEXT NOT NULL,"
    " model TEXT NOT NULL, firmware TEXT NOT NULL, uses_http INTEGER NOT NULL, proven INTEGER NOT NULL,"
    " follow_ups TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
    " next_step INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE step("
    " phone TEXT NOT NULL REFERENCES phone(key) ON DELETE CASCADE, id INTEGER NOT NULL, at INTEGER NOT NULL,"
    " took INTEGER NOT NULL, note TEXT, outcome TEXT, http INTEGER NOT NULL, error_code INTEGER NOT NULL,"
    " retransmissions INTEGER NOT NULL, octets INTEGER NOT NULL, size INTEGER NOT NULL,"
    " last_block INTEGER NOT NULL, peer TEXT NOT NULL, name TEXT NOT NULL, detail TEXT NOT NULL,"
    " PRIMARY KEY(phone, id)) STRICT, WITHOUT ROWID",
    "ALTER TABLE phone ADD COLUMN had_config INTEGER NOT NULL DEFAULT 0;"
    "UPDATE phone SET had_config = proven;"  // what it took had not been stored; most took their config
    "ALTER TABLE step ADD COLUMN type TEXT;"
    "ALTER TABLE step ADD COLUMN event TEXT;"
    "ALTER TABLE step ADD COLUMN version INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE step ADD COLUMN way TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE step ADD COLUMN silent TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE step ADD COLUMN direct INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE step ADD COLUMN line INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE step ADD COLUMN both_open INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE step ADD COLUMN from_phone INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE step ADD COLUMN lost_from_phone INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE step ADD COLUMN from_central INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE step ADD COLUMN lost_from_central INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE step ADD COLUMN strangers INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE phone ADD COLUMN transport TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE phone ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE step ADD COLUMN protocol TEXT NOT NULL DEFAULT '';"
    "UPDATE step SET protocol = 'sccp' WHERE type IS NOT NULL;"
    "ALTER TABLE step ADD COLUMN status INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE step ADD COLUMN aor TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE step ADD COLUMN transport TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE step ADD COLUMN kept_from_phone INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE step ADD COLUMN kept_from_central INTEGER NOT NULL DEFAULT 0",
    kAdmissionTable,
    "ALTER TABLE phone ADD COLUMN homes TEXT NOT NULL DEFAULT ''"};

constexpr std::array kOutcomes = {FileOutcome::sent,         FileOutcome::unconfirmed, FileOutcome::not_found,
                                  FileOutcome::not_admitted, FileOutcome::refused,     FileOutcome::unavailable,
                                  FileOutcome::no_ack,       FileOutcome::stalled,     FileOutcome::aborted,
                                  FileOutcome::superseded,   FileOutcome::forbidden};
constexpr std::array kNotes = {Note::rewritten,      Note::signed_passed,   Note::malformed_passed, Note::near_config,
                               Note::password_doubt, Note::sip_server_left, Note::sip_port_differs};
constexpr std::array kWays = {Call::Way::unknown, Call::Way::outgoing, Call::Way::incoming};
constexpr std::array kSilent = {CallFigures::Silent::nobody, CallFigures::Silent::phone, CallFigures::Silent::central,
                                CallFigures::Silent::both};
constexpr std::array kProtocols = {Protocol::unknown, Protocol::sccp, Protocol::sip};

/// The value with this name; the first value for a word that is no longer written.
template <class T, std::size_t N>
T value_of(const std::array<T, N>& all, std::string_view word) {
  const auto found = std::ranges::find_if(all, [&](T v) { return to_string(v) == word; });
  return found == all.end() ? all.front() : *found;
}

std::int64_t to_ms(WallTime at) {
  return at.time_since_epoch().count();
}
WallTime from_ms(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(ms));
}
std::uint64_t unsigned_of(std::int64_t n) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, n));
}
IpAddress address_of(std::string_view text) {
  return IpAddress::parse(text).value_or(IpAddress());
}
std::string text_of(const IpAddress& address) {
  return address ? address.to_string() : std::string();
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names)
    out += name + "\n";
  return out;
}

std::vector<std::string> split(std::string_view lines) {
  std::vector<std::string> out;
  for (TextCursor cursor(lines); !cursor.at_end() && out.size() < phones::Inventory::kMaxFollowUps;)
    out.emplace_back(cursor.take_line());
  return out;
}

/// One "protocol host port user" per line. The first three contain no blanks.
std::string joined(const std::vector<phones::LineHome>& homes) {
  std::string out;
  for (const phones::LineHome& home : homes)
    out += fmt::format("{} {} {} {}\n", to_string(home.protocol), home.host, home.port, home.user);
  return out;
}

std::vector<phones::LineHome> homes_in(std::string_view lines) {
  std::vector<phones::LineHome> out;
  for (TextCursor cursor(lines); !cursor.at_end() && out.size() < phones::Inventory::kMaxHomes;) {
    TextCursor line(cursor.take_line());
    phones::LineHome home;
    home.protocol = value_of(kProtocols, line.take_until(" "));
    line.skip_char(' ');
    home.host = line.take_until(" ");
    line.skip_char(' ');
    home.port = static_cast<std::uint16_t>(parse_number(line.take_until(" "), 65535).value_or(0));
    line.skip_char(' ');
    home.user = line.rest();
    if (!home.host.empty()) out.push_back(std::move(home));
  }
  return out;
}

constexpr std::string_view kCall = "call";
constexpr std::string_view kSignalling = "signalling";

CallFigures figures_in(const store::Statement& row) {
  CallFigures out;
  out.way = value_of(kWays, row.text(17));
  out.silent = value_of(kSilent, row.text(18));
  out.direct = row.integer(19) != 0;
  out.line = static_cast<std::uint32_t>(row.integer(20));
  out.both_open = std::chrono::milliseconds(row.integer(21));
  out.from_phone = unsigned_of(row.integer(22));
  out.lost_from_phone = unsigned_of(row.integer(23));
  out.from_central = unsigned_of(row.integer(24));
  out.lost_from_central = unsigned_of(row.integer(25));
  out.strangers = unsigned_of(row.integer(26));
  out.kept_from_phone = std::chrono::milliseconds(row.integer(31));
  out.kept_from_central = std::chrono::milliseconds(row.integer(32));
  return out;
}

/// Binds the columns that later migrations added.
void bind_live(store::Statement& put, const Step& s) {
  if (s.is_live()) {
    put.bind(16, s.type == StepType::call ? kCall : kSignalling);
  } else {
    put.bind_null(16);
  }
  if (s.type == StepType::signalling) {
    put.bind(17, to_string(s.event));
  } else {
    put.bind_null(17);
  }
  const CallFigures& call = s.call;
  put.bind(18, std::int64_t{s.version}).bind(19, to_string(call.way)).bind(20, to_string(call.silent));
  put.bind(21, std::int64_t{call.direct}).bind(22, std::int64_t{call.line});
  put.bind(23, std::int64_t{call.both_open.count()});
  put.bind(24, signed_of(call.from_phone)).bind(25, signed_of(call.lost_from_phone));
  put.bind(26, signed_of(call.from_central)).bind(27, signed_of(call.lost_from_central));
  put.bind(28, signed_of(call.strangers));
  put.bind(29, to_string(s.protocol)).bind(30, std::int64_t{s.status});
  put.bind(31, std::string_view(s.aor)).bind(32, std::string_view(s.transport));
  put.bind(33, std::int64_t{call.kept_from_phone.count()}).bind(34, std::int64_t{call.kept_from_central.count()});
}

}  // namespace

std::span<const std::string_view> phone_migrations() {
  return kMigrations;
}

const std::string_view kSelectPhones =
    "SELECT device, address, protocol, model, firmware, uses_http, proven, follow_ups, first_seen, last_seen,"
    " next_step, had_config, transport, user_agent, homes FROM phone ORDER BY last_seen";

Phone phone_in(const store::Statement& row) {
  Phone out;
  out.device = DeviceName::station(row.text(0)).value_or(DeviceName());
  out.address = address_of(row.text(1));
  out.protocol = value_of(kProtocols, row.text(2));
  out.model = row.text(3);
  out.firmware = row.text(4);
  out.uses_http = row.integer(5) != 0;
  out.proven = row.integer(6) != 0;
  out.follow_ups = split(row.text(7));
  out.first_seen = from_ms(row.integer(8));
  out.last_seen = from_ms(row.integer(9));
  out.next_step = unsigned_of(row.integer(10));
  out.had_config = row.integer(11) != 0;
  out.transport = row.text(12);
  out.user_agent = row.text(13);
  out.homes = homes_in(row.text(14));
  return out;
}

const std::string_view kSelectSteps =
    "SELECT id, at, took, note, outcome, http, error_code, retransmissions, octets, size, last_block, peer, "
    "name,"
    " detail, type, event, version, way, silent, direct, line, both_open, from_phone, lost_from_phone,"
    " from_central, lost_from_central, strangers, protocol, status, aor, transport, kept_from_phone, kept_from_central FROM step WHERE phone = ? "
    "ORDER BY at, id";

Step step_in(const store::Statement& row) {
  Step out;
  out.id = unsigned_of(row.integer(0));
  out.at = from_ms(row.integer(1));
  out.took = std::chrono::milliseconds(row.integer(2));
  out.type = !row.is_null(14) ? (row.text(14) == kCall ? StepType::call : StepType::signalling)
             : row.is_null(3) ? StepType::file
                              : StepType::note;
  if (out.is_note()) out.note = value_of(kNotes, row.text(3));
  if (out.is_file()) out.outcome = value_of(kOutcomes, row.text(4));
  out.http = row.integer(5) != 0;
  out.error_code = static_cast<std::uint16_t>(row.integer(6));
  out.retransmissions = static_cast<std::uint32_t>(row.integer(7));
  out.octets = unsigned_of(row.integer(8));
  out.size = unsigned_of(row.integer(9));
  out.last_block = unsigned_of(row.integer(10));
  out.from = address_of(row.text(11));
  out.name = row.text(12);
  out.detail = row.text(13);
  if (out.is_file()) out.kind = phones::kind_of(out.name);
  if (out.type == StepType::signalling) {
    const auto event = signalling_event(row.text(15));
    out.event = event ? in_story(*event).value_or(SignallingEvent::phone_lost) : SignallingEvent::phone_lost;
  }
  out.version = static_cast<std::uint32_t>(row.integer(16));
  if (out.type == StepType::call) out.call = figures_in(row);
  out.protocol = value_of(kProtocols, row.text(27));
  out.status = static_cast<std::uint16_t>(row.integer(28));
  out.aor = row.text(29);
  out.transport = row.text(30);
  return out;
}

const std::string_view kPutPhone =
    "INSERT INTO phone(key, device, address, protocol, model, firmware, uses_http, proven, follow_ups, "
    "first_seen,"
    " last_seen, next_step, had_config, transport, user_agent, homes)"
    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT(key) DO UPDATE SET address = excluded.address, protocol = excluded.protocol,"
    " model = excluded.model, firmware = excluded.firmware, uses_http = excluded.uses_http,"
    " proven = excluded.proven, follow_ups = excluded.follow_ups, first_seen = excluded.first_seen,"
    " last_seen = excluded.last_seen, next_step = excluded.next_step, had_config = excluded.had_config,"
    " transport = excluded.transport, user_agent = excluded.user_agent, homes = excluded.homes";

Result<void> put_phone(store::Statement& put, const Phone& p) {
  const std::string key = p.key(), address = text_of(p.address), follow_ups = joined(p.follow_ups),
                    homes = joined(p.homes);
  put.bind(1, std::string_view(key)).bind(2, std::string_view(p.device.str())).bind(3, std::string_view(address));
  put.bind(4, to_string(p.protocol)).bind(5, std::string_view(p.model)).bind(6, std::string_view(p.firmware));
  put.bind(7, std::int64_t{p.uses_http}).bind(8, std::int64_t{p.proven}).bind(9, std::string_view(follow_ups));
  put.bind(10, to_ms(p.first_seen)).bind(11, to_ms(p.last_seen)).bind(12, signed_of(p.next_step));
  put.bind(13, std::int64_t{p.had_config});
  put.bind(14, std::string_view(p.transport))
      .bind(15, std::string_view(p.user_agent))
      .bind(16, std::string_view(homes));
  return put.run();
}

const std::string_view kPutStep =
    "INSERT OR REPLACE INTO step(phone, id, at, took, note, outcome, http, error_code, retransmissions, "
    "octets, size,"
    " last_block, peer, name, detail, type, event, version, way, silent, direct, line, both_open, from_phone,"
    " lost_from_phone, from_central, lost_from_central, strangers, protocol, status, aor, transport,"
    " kept_from_phone, kept_from_central)"
    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

Result<void> put_step(store::Statement& put, const std::string& key, const Step& s) {
  const std::string peer = text_of(s.from);
  put.bind(1, std::string_view(key))
      .bind(2, signed_of(s.id))
      .bind(3, to_ms(s.at))
      .bind(4, std::int64_t{s.took.count()});
  if (s.is_note()) {
    put.bind(5, to_string(s.note)).bind_null(6);
  } else if (s.is_file()) {
    put.bind_null(5).bind(6, to_string(s.outcome));
  } else {
    put.bind_null(5).bind_null(6);
  }
  bind_live(put, s);
  put.bind(7, std::int64_t{s.http}).bind(8, std::int64_t{s.error_code}).bind(9, std::int64_t{s.retransmissions});
  put.bind(10, signed_of(s.octets)).bind(11, signed_of(s.size)).bind(12, signed_of(s.last_block));
  put.bind(13, std::string_view(peer)).bind(14, std::string_view(s.name)).bind(15, std::string_view(s.detail));
  return put.run();
}

}  // namespace dw::admin
