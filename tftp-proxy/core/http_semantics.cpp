#include "tftp-proxy/core/http_semantics.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/percent.hpp"
#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/file_name.hpp"
#include "tftp-proxy/core/service_links.hpp"

namespace dw::provisioning {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::size_t kMaxTags = 64;  ///< entity tags of one list that are compared

/// Path of a target: without "http://authority" and without the query.
std::string_view path_of(std::string_view target) {
  if (starts_with_ignoring_case(target, "http://") || starts_with_ignoring_case(target, "https://")) {
    target.remove_prefix(target.find("//") + 2);
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
  }
  return target.substr(0, target.find('?'));
}

struct EntityTag {
  bool weak = false;
  std::string_view opaque;  ///< quotes included
};

std::optional<EntityTag> take_tag(TextCursor& cursor) {
  EntityTag tag;
  tag.weak = cursor.skip_text("W/");
  const std::string_view all = cursor.rest();
  if (!cursor.skip_char('"')) return std::nullopt;
  const std::string_view inside = cursor.take_until("\"");
  if (!cursor.skip_char('"')) return std::nullopt;
  const auto is_etagc = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; };
  if (!std::ranges::all_of(inside, is_etagc)) return std::nullopt;
  tag.opaque = all.substr(0, inside.size() + 2);
  return tag;
}

std::optional<EntityTag> parse_tag(std::string_view text) {
  TextCursor cursor(text);
  const auto tag = take_tag(cursor);
  return tag && cursor.at_end() ? tag : std::nullopt;
}

/// RFC 9110 §8.8.3.2.
bool same_tag(const EntityTag& a, const EntityTag& b, bool strong) {
  return a.opaque == b.opaque && !(strong && (a.weak || b.weak));
}

/// Whether `list` ("*" or entity tags) has the file's. A list that breaks off counts up to there.
bool names_tag(std::string_view list, std::string_view etag, bool strong) {
  TextCursor cursor(trim(list));
  if (cursor.rest() == "*") return true;
  const auto ours = parse_tag(etag);
  if (!ours) return false;
  for (std::size_t n = 0; n < kMaxTags; ++n) {
    const auto theirs = take_tag(cursor);
    if (!theirs) return false;
    if (same_tag(*ours, *theirs, strong)) return true;
    cursor.skip_blanks();
    if (!cursor.skip_char(',')) return false;
    cursor.skip_blanks();
  }
  return false;
}

/// Whether the file was changed after `date`; nothing when either is no date, and the condition is to be
/// ignored.
std::optional<bool> changed_since(std::string_view date, const Validators& validators) {
  const auto asked = parse_http_date(trim(date));
  const auto ours = parse_http_date(validators.last_modified);
  if (!asked || !ours) return std::nullopt;
  return *ours > *asked;
}

/// 0, or the status that ends the matter before any octet is chosen.
unsigned weigh_conditions(const SelectionFields& fields, const Validators& validators) {
  if (!fields.if_match.empty()) {
    if (!names_tag(fields.if_match, validators.etag, true)) return 412;
  } else if (!fields.if_unmodified_since.empty()) {
    if (changed_since(fields.if_unmodified_since, validators) == true) return 412;
  }
  if (!fields.if_none_match.empty()) return names_tag(fields.if_none_match, validators.etag, false) ? 304 : 0;
  if (!fields.if_modified_since.empty() && changed_since(fields.if_modified_since, validators) == false) return 304;
  return 0;
}

/// If-Range holds: by strong comparison, or by the very same date (RFC 9110 §13.1.5).
bool range_is_wanted(std::string_view if_range, const Validators& validators) {
  if (if_range.empty()) return true;
  const std::string_view text = trim(if_range);
  if (const auto theirs = parse_tag(text)) {
    const auto ours = parse_tag(validators.etag);
    return ours && same_tag(*ours, *theirs, true);
  }
  const auto asked = parse_http_date(text);
  return asked && asked == parse_http_date(validators.last_modified);
}

/// Digits as a number; what does not fit is "beyond any file".
std::optional<std::uint64_t> take_position(TextCursor& cursor) {
  const std::string_view all = cursor.rest();
  const std::size_t digits = std::min(all.find_first_not_of("0123456789"), all.size());
  if (digits == 0) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : all.substr(0, digits)) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
  }
  cursor.skip_text(all.substr(0, digits));
  return value;
}

Selection select_range(std::string_view range, std::uint64_t size) {
  const Selection all{200, 0, size};
  const Selection none{416, 0, 0};
  TextCursor cursor(trim(range));
  if (!equal_ignoring_case(cursor.take_until("="), "bytes") || !cursor.skip_char('=')) return all;
  const auto first = take_position(cursor);
  if (!cursor.skip_char('-')) return all;
  const auto last = take_position(cursor);
  if (!cursor.at_end() || (!first && !last)) return all;
  if (!first) {  // the last so many octets
    const std::uint64_t count = std::min(*last, size);
    return count == 0 ? none : Selection{206, size - count, count};
  }
  if (last && *last < *first) return all;
  if (*first >= size) return none;
  const std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  return {206, *first, end - *first + 1};
}

std::optional<unsigned> month_of(std::string_view name) {
  const auto found = std::ranges::find(kMonths, name);
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

struct Parts {
  std::optional<std::uint64_t> year, day, hour, minute, second;
  std::optional<unsigned> month;
};

void take_clock(TextCursor& cursor, Parts& parts) {
  parts.hour = cursor.take_number(23);
  if (!cursor.skip_char(':')) return;
  parts.minute = cursor.take_number(59);
  if (!cursor.skip_char(':')) return;
  parts.second = cursor.take_number(60);
}

std::optional<std::chrono::sys_seconds> assemble(const Parts& parts) {
  if (!parts.year || !parts.month || !parts.day || !parts.hour || !parts.minute || !parts.second) return {};
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*parts.year)),
                                         std::chrono::month(*parts.month),
                                         std::chrono::day(static_cast<unsigned>(*parts.day))};
  if (!date.ok()) return {};
  return std::chrono::sys_days(date) + std::chrono::hours(*parts.hour) + std::chrono::minutes(*parts.minute) +
         std::chrono::seconds(*parts.second);
}

}  // namespace

Result<std::string> name_in_target(std::string_view target) {
  if (target.size() > kMaxTarget) return fail(Errc::too_long, "request target is longer than any file name");
  const auto path = percent_decoded(path_of(target));
  if (!path) return fail(Errc::malformed, "broken percent escape in the request target");
  return parse_file_name(*path);
}

Selection select_octets(bool is_get, const SelectionFields& fields, const Validators& validators, std::uint64_t size) {
  if (const unsigned status = weigh_conditions(fields, validators)) return {status, 0, 0};
  if (!is_get || fields.range.empty() || !range_is_wanted(fields.if_range, validators)) return {200, 0, size};
  return select_range(fields.range, size);
}

std::optional<Bytes> sendable(const Content& content, std::uint64_t offset, std::uint64_t size) {
  if (content.state() == Content::State::failed) return std::nullopt;
  const bool complete = content.state() == Content::State::complete;
  const std::uint64_t there = content.octets().size();
  const std::uint64_t open = complete ? there : std::min(there, size > 0 ? size - 1 : 0);
  if (offset < open)
    return content.octets().subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(open - offset));
  return complete ? std::nullopt : std::optional(Bytes());
}

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
  Parts parts;
  TextCursor cursor(text);
  const std::string_view weekday = cursor.take_until(", ");
  if (weekday.size() < 3) return {};
  const bool is_asctime = !cursor.skip_char(',');
  if (!cursor.skip_char(' ')) return {};
  if (is_asctime) {  // Sun Nov  6 08:49:37 1994
    parts.month = month_of(cursor.take_token());
    cursor.skip_blanks();
    parts.day = cursor.take_number(31);
    if (!cursor.skip_char(' ')) return {};
    take_clock(cursor, parts);
    if (!cursor.skip_char(' ')) return {};
    parts.year = cursor.take_number(9999);
    return cursor.at_end() ? assemble(parts) : std::nullopt;
  }
  parts.day = cursor.take_number(31);
  const bool is_rfc850 = cursor.skip_char('-');  // Sunday, 06-Nov-94 08:49:37 GMT
  if (!is_rfc850 && !cursor.skip_char(' ')) return {};
  parts.month = month_of(cursor.take_until(is_rfc850 ? "-" : " "));
  if (!cursor.skip_char(is_rfc850 ? '-' : ' ')) return {};
  parts.year = cursor.take_number(9999);
  if (is_rfc850 && parts.year) *parts.year += *parts.year < 70 ? 2000 : *parts.year < 100 ? 1900 : 0;
  if (!cursor.skip_char(' ')) return {};
  take_clock(cursor, parts);
  return cursor.rest() == " GMT" ? assemble(parts) : std::nullopt;
}

bool is_entity_tag(std::string_view text) {
  return parse_tag(text).has_value();
}

std::string_view content_type_of(std::string_view name, Bytes start) {
  if (ends_with_ignoring_case(name, ".xml")) return "text/xml";
  if (ends_with_ignoring_case(name, ".png")) return "image/png";
  for (const std::string_view end : {".cnf", ".txt", ".dat"}) {
    if (ends_with_ignoring_case(name, end)) return "text/plain";
  }
  if (as_text(start).starts_with("<?xml") || is_phone_object(start)) return "text/xml";
  return "application/octet-stream";
}

}  // namespace dw::provisioning
