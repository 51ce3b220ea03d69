#include "sbc/admin/admission_rows.hpp"

#include <algorithm>
#include <array>

namespace dw::admin {
namespace {

using provisioning::Admissions;
using By = Admissions::By;

constexpr std::array kBys = {By::registration, By::list, By::window, By::operated};

std::int64_t to_ms(WallTime at) {
  return at.time_since_epoch().count();
}
WallTime from_ms(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(ms));
}

/// A value that only a newer program knows counts as the weakest.
By by_of(std::string_view text) {
  const auto found = std::ranges::find(kBys, text, [](By by) { return to_string(by); });
  return found == kBys.end() ? By::registration : *found;
}

}  // namespace

Result<void> load_admissions(store::Database& database, Admissions& admissions) {
  auto rows = database.prepare("SELECT device, source, how, user, admitted, used FROM admission ORDER BY used");
  if (!rows) return std::unexpected(rows.error());
  for (;;) {
    const auto row = rows->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
    const auto source = IpAddress::parse(rows->text(1));
    if (!source) continue;
    admissions.restore({std::string(rows->text(0)), *source, by_of(rows->text(2)), std::string(rows->text(3)),
                        from_ms(rows->integer(4)), from_ms(rows->integer(5))});
  }
}

Result<void> write_admissions(store::Database& database, const std::vector<Admissions::Change>& changes) {
  if (changes.empty()) return {};
  auto put = database.prepare(
      "INSERT OR REPLACE INTO admission(device, source, how, user, admitted, used) VALUES(?, ?, ?, ?, ?, ?)");
  auto drop = database.prepare("DELETE FROM admission WHERE device = ? AND source = ?");
  if (!put) return std::unexpected(put.error());
  if (!drop) return std::unexpected(drop.error());
  for (const auto& [a, gone] : changes) {
    const std::string source = a.source.to_string();
    store::Statement& statement = gone ? *drop : *put;
    statement.bind(1, std::string_view(a.device)).bind(2, std::string_view(source));
    if (!gone) {
      statement.bind(3, to_string(a.by)).bind(4, std::string_view(a.user));
      statement.bind(5, to_ms(a.admitted)).bind(6, to_ms(a.used));
    }
    if (auto ok = statement.run(); !ok) return ok;
  }
  return {};
}

}  // namespace dw::admin
