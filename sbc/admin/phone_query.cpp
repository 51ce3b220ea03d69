#include "sbc/admin/phone_query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "sbc/base/escape.hpp"
#include "sbc/base/percent.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::admin {
namespace {

struct SortName {
  std::string_view name;
  PhoneSort sort;
};
constexpr std::array<SortName, 7> kSorts = {{{"seen", PhoneSort::seen},
                                             {"name", PhoneSort::name},
                                             {"address", PhoneSort::address},
                                             {"model", PhoneSort::model},
                                             {"firmware", PhoneSort::firmware},
                                             {"line", PhoneSort::line},
                                             {"state", PhoneSort::state}}};
constexpr std::size_t kMaxSort = 64;  // octets in PhonePlace::sort

std::string hex(std::string_view octets) {
  std::string out;
  for (const char c : octets)
    out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::optional<std::string> from_hex(std::string_view digits) {
  std::string out;
  if (digits.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = hex_digit(digits[i]), low = hex_digit(digits[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

/// FNV-1a: it does not change at a restart, so cursors stay valid.
std::uint32_t print_of(std::string_view text) {
  std::uint32_t print = 2166136261U;
  for (const char c : text)
    print = (print ^ static_cast<unsigned char>(c)) * 16777619U;
  return print;
}

std::string print_of(const PhoneQuery& query) {
  return fmt::format("{:08x}", print_of(fmt::format("{}|{}|{}", query.filter.to_query(), static_cast<int>(query.sort),
                                                    query.reversed)));
}

/// The text's sort key: unknown values come last.
std::string folded(std::string_view text) {
  if (text.empty()) return "\x7f";
  std::string out(text.substr(0, kMaxSort));
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

std::string folded(const IpAddress& address) {
  return address ? fmt::format("{}{}", address.is_v4() ? 4 : 6, hex(as_text(address.octets()))) : "\x7f";
}

/// So that "1001" comes after "99".
std::string folded_number(std::string_view line) {
  constexpr std::size_t kDigits = 20;
  const bool number =
      !line.empty() && line.size() < kDigits && std::ranges::all_of(line, [](char c) { return c >= '0' && c <= '9'; });
  return number ? fmt::format("{:0>20}", line) : folded(line);
}

Result<std::uint64_t> number_in(std::string_view name, std::string_view value, std::uint64_t max) {
  const auto number = parse_number(value, max);
  if (!number) return fail(Errc::invalid, fmt::format("{} is a number up to {}", name, max));
  return *number;
}

/// Calls `visit` for each decoded "name=value" of the query; `visit` returns false for an unknown name.
Result<void> for_each_pair(std::string_view query, const std::string& known,
                           const std::function<Result<bool>(std::string_view, std::string_view)>& visit) {
  std::vector<std::string> names;
  TextCursor cursor(query);
  while (!cursor.at_end()) {
    TextCursor pair(cursor.take_until("&"));
    cursor.skip_char('&');
    const std::string name(pair.take_until("="));
    if (name.empty() && pair.at_end()) continue;  // "&&"
    const std::string shown = escaped(std::string_view(name).substr(0, 40));
    if (!pair.skip_char('=')) return fail(Errc::invalid, fmt::format("\"{}\" has no value: it is {}=…", shown, shown));
    const auto value = percent_decoded(pair.rest());
    if (!value) return fail(Errc::invalid, fmt::format("{} has a broken percent escape", shown));
    if (std::ranges::find(names, name) != names.end())
      return fail(Errc::invalid, fmt::format("{} stands twice", shown));
    const auto taken = visit(name, *value);
    if (!taken) return std::unexpected(taken.error());
    if (!*taken)
      return fail(Errc::invalid, fmt::format("there is nothing named \"{}\" to ask for; there are {}", shown, known));
    names.push_back(name);
  }
  return {};
}

const std::string kFilters = "q, show, state, finding, cause, model, firmware, protocol, network";

Result<PhonePlace> place_in(const PhoneQuery& query, std::string_view cursor) {
  const auto text = from_hex(cursor);
  const std::string print = print_of(query);
  const std::size_t end = text ? text->find('\0') : std::string::npos;
  if (!text || cursor.size() > PhoneQuery::kMaxCursor || end == std::string::npos || end < print.size())
    return fail(Errc::invalid, "cursor is what \"next\" of the answer before was, and this is not");
  if (!text->starts_with(print))
    return fail(Errc::invalid, "the cursor is of another list: filter and order have to stay as they were");
  return PhonePlace{text->substr(print.size(), end - print.size()), text->substr(end + 1)};
}

}  // namespace

PhonePlace PhoneQuery::place_of(const phones::Phone& phone, const doctor::PhoneVerdict& verdict) const {
  std::string key = phone.key();
  const auto first = [&]() -> std::string {
    switch (sort) {
      case PhoneSort::seen: {  // latest first; strangers that got no file come last
        const auto ms = static_cast<std::uint64_t>(phone.last_seen.time_since_epoch().count());
        return fmt::format("{}{:016x}", phone.proven ? 0 : 1, UINT64_MAX - ms);
      }
      case PhoneSort::name:
        return folded(phone.device.empty() ? std::string_view() : std::string_view(key));
      case PhoneSort::address:
        return folded(phone.address);
      case PhoneSort::model:
        return folded(phone.model);
      case PhoneSort::firmware:
        return folded(phone.firmware);
      case PhoneSort::line:
        return phone.lines.empty() ? folded(std::string_view()) : folded_number(phone.lines.front());
      case PhoneSort::state:  // worst first; phones with one cause together
        return fmt::format("{}{}", 9 - static_cast<int>(verdict.state), folded(group_of(verdict)));
    }
    return {};
  };
  return {first(), std::move(key)};
}

std::string PhoneQuery::cursor_after(const PhonePlace& place) const {
  return hex(print_of(*this) + place.sort + '\0' + place.key);
}

Result<PhoneQuery> parse_phone_query(std::string_view query) {
  PhoneQuery out;
  std::string cursor;
  std::optional<std::size_t> limit;
  const auto take_pair = [&](std::string_view name, std::string_view value) -> Result<bool> {
    if (name == "limit" && value == "all") {
      limit = PhoneQuery::kAll;
    } else if (name == "limit") {
      const auto number = number_in(name, value, UINT32_MAX);
      if (!number) return std::unexpected(number.error());
      limit = static_cast<std::size_t>(*number);
    } else if (name == "offset") {
      const auto number = number_in(name, value, PhoneQuery::kMaxOffset);
      if (!number) return std::unexpected(number.error());
      out.offset = static_cast<std::size_t>(*number);
    } else if (name == "cursor") {
      cursor = value;
    } else if (name == "format") {
      if (value != "json" && value != "csv") return fail(Errc::invalid, "format is json or csv");
      out.form = value == "csv" ? PhoneQuery::Form::csv : PhoneQuery::Form::json;
    } else if (name == "sort") {
      out.reversed = value.starts_with('-');
      const auto found = std::ranges::find(kSorts, value.substr(out.reversed ? 1 : 0), &SortName::name);
      if (found == kSorts.end())
        return fail(
            Errc::invalid,
            "sort is seen, name, address, model, firmware, line or state, with \"-\" before it the other way round");
      out.sort = found->sort;
    } else {
      return take(out.filter, name, value);
    }
    return true;
  };
  const auto good = for_each_pair(query, kFilters + ", sort, limit, offset, cursor and format", take_pair);
  if (!good) return std::unexpected(good.error());
  out.limit = limit.value_or(out.form == PhoneQuery::Form::csv ? PhoneQuery::kAll : PhoneQuery::kLimit);
  if (cursor.empty()) return out;
  if (out.offset != 0) return fail(Errc::invalid, "cursor and offset exclude each other");
  auto after = place_in(out, cursor);
  if (!after) return std::unexpected(after.error());
  out.after = *std::move(after);
  return out;
}

Result<PhoneFilter> parse_phone_filter(std::string_view query, std::initializer_list<std::string_view> others) {
  PhoneFilter out;
  const auto take_pair = [&](std::string_view name, std::string_view value) -> Result<bool> {
    if (std::ranges::find(others, name) != others.end()) return true;
    return take(out, name, value);
  };
  std::string known = kFilters;
  for (const std::string_view other : others)
    known += fmt::format(", {}", other);
  const auto good = for_each_pair(query, known, take_pair);
  if (!good) return std::unexpected(good.error());
  return out;
}

}  // namespace dw::admin
