#include "sbc/base/text_cursor.hpp"

#include <algorithm>
#include <cassert>

namespace dw {

bool TextCursor::skip_char(char c) {
  if (left_.empty() || left_.front() != c) return false;
  left_.remove_prefix(1);
  return true;
}

bool TextCursor::skip_text(std::string_view t) {
  if (!left_.starts_with(t)) return false;
  left_.remove_prefix(t.size());
  return true;
}

void TextCursor::skip_blanks() {
  while (!left_.empty() && (left_.front() == ' ' || left_.front() == '\t')) left_.remove_prefix(1);
}

void TextCursor::skip_lws() {
  while (!left_.empty() && (left_.front() == ' ' || left_.front() == '\t' || left_.front() == '\r' ||
                            left_.front() == '\n'))
    left_.remove_prefix(1);
}

std::string_view TextCursor::take_until(std::string_view stops) {
  const std::size_t at = std::min(left_.find_first_of(stops), left_.size());
  const std::string_view taken = left_.substr(0, at);
  left_.remove_prefix(at);
  return taken;
}

std::string_view TextCursor::take_token() { return take_until(" \t\r\n"); }

std::string_view TextCursor::take_line() {
  const std::string_view line = take_until("\r\n");
  if (skip_char('\r')) {
    skip_char('\n');
  } else {
    skip_char('\n');
  }
  return line;
}

std::optional<std::uint64_t> TextCursor::take_number(std::uint64_t max) {
  std::size_t length = 0;
  while (length < left_.size() && left_[length] >= '0' && left_[length] <= '9') ++length;
  const auto number = parse_number(left_.substr(0, length), max);
  if (number) left_.remove_prefix(length);
  return number;
}

std::size_t offset_in(std::string_view whole, std::string_view part) {
  assert(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
  return static_cast<std::size_t>(part.data() - whole.data());
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
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

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && equal_ignoring_case(text.substr(text.size() - end.size()), end);
}

bool starts_with_ignoring_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && equal_ignoring_case(text.substr(0, start.size()), start);
}

}  // namespace dw
