#include "sbc/base/log_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "sbc/base/byte_writer.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw {
namespace {

constexpr std::array<std::string_view, 8> kJournalFields = {"event",  "device",  "peer",   "call",
                                                            "reason", "service", "server", "file"};

bool is_key(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

/// Up to the closing quote, which is consumed; nothing if it is missing.
std::optional<std::string> quoted(TextCursor& cursor) {
  TextCursor at = cursor;
  if (!at.skip_char('"')) return std::nullopt;
  std::string value;
  for (;;) {
    value += at.take_until("\"\\");
    if (at.skip_char('"')) {
      cursor = at;
      return value;
    }
    if (!at.skip_char('\\') || at.at_end()) return std::nullopt;
    if (at.peek() != '"' && at.peek() != '\\') value += '\\';
    value += at.peek();
    at.skip_char(at.peek());
  }
}

/// "key=value" at the cursor, consumed with the value.
std::optional<std::pair<std::string_view, std::string>> take_field(TextCursor& cursor, bool& in_quotes) {
  TextCursor at = cursor;
  const std::string_view key = at.take_until("= \t\"");
  if (!is_key(key) || !at.skip_char('=')) return std::nullopt;
  std::optional<std::string> value = quoted(at);
  in_quotes = value.has_value();
  if (!value) value = std::string(at.take_token());
  cursor = at;
  return std::pair(key, *std::move(value));
}

/// true, false, or a number (RFC 8259 §6) without an exponent.
bool is_json_scalar(std::string_view text) {
  if (text == "true" || text == "false") return true;
  TextCursor cursor(text);
  cursor.skip_char('-');
  const auto digits = [&] {
    std::size_t count = 0;
    while (!cursor.at_end() && cursor.peek() >= '0' && cursor.peek() <= '9') {
      cursor.skip_char(cursor.peek());
      ++count;
    }
    return count;
  };
  const bool zero = !cursor.at_end() && cursor.peek() == '0';
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  return cursor.at_end() || (cursor.skip_char('.') && digits() > 0 && cursor.at_end());
}

/// The length in octets of the UTF-8 character (RFC 3629 §4) at `at`, or 0.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto octet = [&](std::size_t i) { return at + i < text.size() ? static_cast<std::uint8_t>(text[at + i]) : 0U; };
  const unsigned first = octet(0), second = octet(1);
  const auto tail = [&](std::size_t i) { return (octet(i) & 0xc0U) == 0x80; };
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool good = (first != 0xe0 || second >= 0xa0) && (first != 0xed || second <= 0x9f);
    return good && tail(1) && tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool good = (first != 0xf0 || second >= 0x90) && (first != 0xf4 || second <= 0x8f);
    return good && tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

void append_json(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const std::size_t length = utf8_length(text, i);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<std::uint8_t>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", c);
    } else if (length == 0) {
      out += "\xef\xbf\xbd";
    } else {
      out += text.substr(i, length);
    }
    i += std::max<std::size_t>(length, 1);
  }
  out += '"';
}

/// NAME=value; if the value has line ends, the name and then the value after its length.
void append_journal(ByteWriter& out, std::string_view name, std::string_view value) {
  out.text(name);
  if (value.find('\n') == value.npos) {
    out.u8('=');
  } else {
    out.u8('\n');
    out.u32le(static_cast<std::uint32_t>(value.size()));  // a line is far shorter than 4 GiB
    out.u32le(0);
  }
  out.text(value);
  out.u8('\n');
}

}  // namespace

LogLine parse_log_line(std::string_view line) {
  LogLine out;
  TextCursor cursor(line);
  for (cursor.skip_lws(); !cursor.at_end(); cursor.skip_lws()) {
    if (out.fields.size() < LogLine::kMaxFields) {
      bool in_quotes = false;
      if (auto field = take_field(cursor, in_quotes)) {
        out.fields.push_back(*std::move(field));
        out.quoted.push_back(in_quotes);
        continue;
      }
    }
    if (!out.words.empty()) out.words += ' ';
    out.words += cursor.take_token();
  }
  return out;
}

std::string log_json(std::string_view time, std::string_view level, std::string_view line) {
  const LogLine parsed = parse_log_line(line);
  std::string out = "{\"time\":";
  append_json(out, time);
  out += ",\"level\":";
  append_json(out, level);
  std::vector<std::string_view> taken = {"time", "level", "text"};
  const bool record =
      !parsed.fields.empty() && parsed.fields.front().first == "event" && parsed.fields.front().second == "call_down";
  for (std::size_t i = 0; i < parsed.fields.size(); ++i) {
    const auto& [key, value] = parsed.fields[i];
    if (std::ranges::find(taken, key) != taken.end()) continue;
    taken.push_back(key);
    out += ',';
    append_json(out, key);
    out += ':';
    if (record && !parsed.quoted[i] && is_json_scalar(value)) {
      out += value;
    } else {
      append_json(out, value);
    }
  }
  if (!parsed.words.empty()) {
    out += ",\"text\":";
    append_json(out, parsed.words);
  }
  return out + "}";
}

Buffer journal_entry(int priority, std::string_view line) {
  Buffer out;
  ByteWriter writer(out);
  append_journal(writer, "MESSAGE", line);
  append_journal(writer, "PRIORITY", fmt::format("{}", priority));
  append_journal(writer, "SYSLOG_IDENTIFIER", "dropwire");
  for (const auto& [key, value] : parse_log_line(line).fields) {
    if (std::ranges::find(kJournalFields, key) == kJournalFields.end()) continue;
    std::string name(key);
    std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    append_journal(writer, name, value);
  }
  return out;
}

}  // namespace dw
