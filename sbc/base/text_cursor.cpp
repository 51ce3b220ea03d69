#include "sbc/base/text_cursor.hpp"

#include <algorithm>
#include <cassert>

namespace dw {
namespace {

constexpr OctetSet kBlanks(" \t\r\n"), kLineEnds("\r\n");

}  // namespace

bool TextCursor::skip_text(std::string_view t) {
  if (!left_.starts_with(t)) return false;
  left_.remove_prefix(t.size());
  return true;
}

void TextCursor::skip_blanks() {
  while (!left_.empty() && (left_.front() == ' ' || left_.front() == '\t'))
    left_.remove_prefix(1);
}

void TextCursor::skip_lws() {
  while (!left_.empty() &&
         (left_.front() == ' ' || left_.front() == '\t' || left_.front() == '\r' || left_.front() == '\n'))
    left_.remove_prefix(1);
}

std::string_view TextCursor::take_until(std::string_view stops) {
  if (stops.size() != 1) return take_until(OctetSet(stops));
  const std::string_view taken = left_.substr(0, left_.find(stops.front()));
  left_.remove_prefix(taken.size());
  return taken;
}

std::string_view TextCursor::take_until(const OctetSet& stops) {
  const std::size_t at = std::min(stops.first_in(left_), left_.size());
  const std::string_view taken = left_.substr(0, at);
  left_.remove_prefix(at);
  return taken;
}

std::string_view TextCursor::take_token() {
  return take_until(kBlanks);
}

std::string_view TextCursor::take_line() {
  const std::string_view line = take_until(kLineEnds);
  if (skip_char('\r')) {
    skip_char('\n');
  } else {
    skip_char('\n');
  }
  return line;
}

std::optional<std::uint64_t> TextCursor::take_number(std::uint64_t max) {
  std::size_t length = 0;
  while (length < left_.size() && left_[length] >= '0' && left_[length] <= '9')
    ++length;
  const auto number = parse_number(left_.substr(0, length), max);
  if (number) left_.remove_prefix(length);
  return number;
}

std::size_t offset_in(std::string_view whole, std::string_view part) {
  assert(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
  return static_cast<std::size_t>(part.data() - whole.data());
}

std::string_view trim(std::string_view text) {
  const std::size_t first = kBlanks.first_not_in(text);
  if (first == std::string_view::npos) return text.substr(0, 0);  // still a view into `text`
  return text.substr(first, kBlanks.last_not_in(text) - first + 1);
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (max - std::min(max, digit)) / 10) return std::nullopt;
    value = value * 10 + digit;
    if (value > max) return std::nullopt;
  }
  return value;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && equal_ignoring_case(text.substr(text.size() - end.size()), end);
}

bool starts_with_ignoring_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && equal_ignoring_case(text.substr(0, start.size()), start);
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  return !std::ranges::search(text, part, same).empty();
}

}  // namespace dw
