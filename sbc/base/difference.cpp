#include "sbc/base/difference.hpp"

#include <algorithm>

#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw {
namespace {

constexpr std::size_t kMaxLines = 256;

struct Line {
  std::string name;
  std::string_view value;
  bool used = false;
};

std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> out;
  TextCursor cursor(text);
  bool body = false;
  while (!cursor.at_end() && out.size() < kMaxLines) {
    TextCursor line(cursor.take_line());
    if (out.empty()) {
      out.push_back({"first line", line.rest(), false});
    } else if (line.at_end()) {
      body = true;
    } else if (body) {
      const std::string_view kind = line.take_until("=");
      line.skip_char('=');
      out.push_back({"SDP " + escaped(kind.substr(0, 1), kMaxShownValue) + "=", trim(line.rest()), false});
    } else {
      const std::string_view name = line.take_until(":");
      line.skip_char(':');
      out.push_back({escaped(trim(name), kMaxShownValue), trim(line.rest()), false});
    }
  }
  return out;
}

std::string shown(std::string_view value) {
  return escaped(value.substr(0, kMaxShownValue), kMaxShownValue);
}

}  // namespace

std::vector<Difference> differences_of(std::string_view sent, std::string_view received) {
  const std::vector<Line> before = lines_of(sent);
  std::vector<Line> after = lines_of(received);
  std::vector<Difference> out;
  const auto add = [&](std::string field, std::string from, std::string to) {
    if (out.size() < kMaxDifferences) out.push_back({std::move(field), std::move(from), std::move(to)});
  };
  for (const Line& line : before) {
    const auto same = [&](const Line& other) { return !other.used && equal_ignoring_case(other.name, line.name); };
    const auto found = std::ranges::find_if(after, same);
    if (found == after.end()) {
      add(line.name, shown(line.value), {});
      continue;
    }
    found->used = true;
    if (found->value != line.value) add(line.name, shown(line.value), shown(found->value));
  }
  for (const Line& line : after) {
    if (!line.used) add(line.name, {}, shown(line.value));
  }
  return out;
}

}  // namespace dw
