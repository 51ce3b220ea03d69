#include "sbc/daemon/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "sbc/base/text_cursor.hpp"

namespace dw::words {
namespace {

std::tm local(WallTime at) {
  const std::time_t seconds = WallClock::to_time_t(std::chrono::floor<std::chrono::seconds>(at));
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return parts;
}

std::string coarse(std::chrono::seconds s) {
  if (s.count() < 60) return fmt::format("{} s", s.count());
  if (s.count() < 3600) return fmt::format("{} min", s.count() / 60);
  if (s.count() < 86'400) return fmt::format("{} h", s.count() / 3600);
  return fmt::format("{} d", s.count() / 86'400);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c < 0x20 || c == 0x7f || c1) {
      out += ' ';
      if (c1) ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string ago(WallTime then, WallTime now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - then);
  if (seconds.count() == 0) return "now";
  return seconds.count() > 0 ? coarse(seconds) + " ago" : "in " + coarse(-seconds);
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  TextCursor cursor(text);
  std::array<std::uint64_t, 7> parts{};
  constexpr std::string_view kBetween = "--T::.Z";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto number = cursor.take_number(9999);
    if (!number || !cursor.skip_char(kBetween[i])) return std::nullopt;
    parts[i] = *number;
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(parts[0])),
                                         std::chrono::month(static_cast<unsigned>(parts[1])),
                                         std::chrono::day(static_cast<unsigned>(parts[2]))};
  if (!date.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 60 || !cursor.at_end()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(parts[3]) + std::chrono::minutes(parts[4]) +
         std::chrono::seconds(parts[5]) + std::chrono::milliseconds(parts[6]);
}

std::string local_day(WallTime at) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm parts = local(at);
  return fmt::format("{} {} {}", parts.tm_mday, kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900);
}

std::string local_clock(WallTime at) {
  const std::tm parts = local(at);
  return fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string octets(std::uint64_t count) {
  if (count < 1000) return fmt::format("{} {}", count, count == 1 ? "byte" : "bytes");
  constexpr std::array<std::string_view, 4> kUnits = {"KB", "MB", "GB", "TB"};
  double value = static_cast<double>(count) / 1000;
  std::size_t unit = 0;
  for (; value >= 999.95 && unit + 1 < kUnits.size(); ++unit)
    value /= 1000;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    if (row.size() > widths.size()) widths.resize(row.size());
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = indent;
  TextCursor cursor(text);
  while (!cursor.at_end()) {
    const std::string_view word = cursor.take_until(" ");
    cursor.skip_blanks();
    if (column > indent && column + 1 + width_of(word) > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += width_of(word);
  }
  return out;
}

}  // namespace dw::words
