#include "conf/toml_text.hpp"

// toml++ 3.3 takes some errors in a document ("[!" for one) for violated invariants of its own: it asserts, or with
// NDEBUG lets the compiler assume that they never happen. The checks after these asserts report the errors properly.
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "sbc/base/text_cursor.hpp"

namespace dw::conf {
namespace {

constexpr std::string_view kCentral = "central";

/// Scans a document once, with just enough of TOML's syntax to find strings and comments. Finds each `central =` before
/// the first [table], and the first non-ASCII octet outside strings and comments.
class Scan {
 public:
  explicit Scan(std::string_view document) : document_(document), cursor_(document) {
    cursor_.skip_text("\xef\xbb\xbf");
    while (!cursor_.at_end()) {
      cursor_.skip_blanks();
      if (cursor_.peek() == '[') at_top_ = false;
      const std::size_t start = cursor_.offset();
      if (at_top_ && cursor_.skip_text(kCentral)) {
        cursor_.skip_blanks();
        if (cursor_.peek() == '=') central_.push_back(start);
      }
      skip_statement();
    }
  }

  const std::vector<std::size_t>& central() const { return central_; }
  std::optional<SyntaxError> stranger() const {
    if (!stranger_) return std::nullopt;
    SyntaxError error{"a character beyond plain ASCII outside of quotes and comments (typographic quotes?)", 1, 1};
    for (const char c : document_.substr(0, *stranger_)) {
      const bool continues = (static_cast<unsigned char>(c) & 0xc0) == 0x80;  // inside a UTF-8 character
      if (c == '\n') {
        ++error.line;
        error.column = 1;
      } else if (!continues) {
        ++error.column;
      }
    }
    return error;
  }

 private:
  static constexpr std::string_view kBlank = " \t\r\n";

  void skip_statement() {
    int depth = 0;
    while (!cursor_.at_end()) {
      skip_plain();
      const char c = cursor_.peek();
      if (c == '"' || c == '\'') {
        skip_string(c);
      } else if (c == '#') {
        (void)cursor_.take_until("\r\n");
      } else {
        cursor_.skip_char(c);
        if (c == '[' || c == '{') ++depth;
        if (c == ']' || c == '}') --depth;
        if ((c == '\n' || c == '\r') && depth <= 0) return;
      }
    }
  }

  void skip_plain() {
    const std::size_t start = cursor_.offset();
    const std::string_view plain = cursor_.take_until("\"'#[]{}\r\n");
    for (std::size_t i = 0; i < plain.size(); ++i)
      note_stranger(plain[i], start + i);
  }
  void note_stranger(char c, std::size_t offset) {
    if (!stranger_ && static_cast<unsigned char>(c) >= 0x80) stranger_ = offset;
  }

  void skip_string(char quote) {
    const std::string three(3, quote);
    const bool multi_line = cursor_.skip_text(three);
    if (!multi_line) cursor_.skip_char(quote);
    const std::array<char, 3> stops = {quote, '\\', multi_line ? quote : '\n'};
    while (!cursor_.at_end()) {
      (void)cursor_.take_until(std::string_view(stops.data(), stops.size()));
      if (cursor_.skip_char('\\')) {
        if (quote == '"') skip_escaped(multi_line);
      } else if (!multi_line) {
        cursor_.skip_char(quote);  // a line end is kept, and ends the statement
        return;
      } else if (cursor_.skip_text(three)) {
        if (cursor_.skip_char(quote)) cursor_.skip_char(quote);  // up to two quotes may precede the closing ones
        return;
      } else {
        cursor_.skip_char(quote);
      }
    }
  }

  /// A backslash at the end of a line removes the blanks after it; toml++ scans these like text outside strings.
  void skip_escaped(bool multi_line) {
    if (!multi_line || kBlank.find(cursor_.peek()) == kBlank.npos) {
      cursor_.skip_char(cursor_.peek());
      return;
    }
    while (!cursor_.at_end() && kBlank.find(cursor_.peek()) != kBlank.npos)
      cursor_.skip_char(cursor_.peek());
    note_stranger(cursor_.peek(), cursor_.offset());
  }

  std::string_view document_;
  TextCursor cursor_;
  bool at_top_ = true;
  std::vector<std::size_t> central_;
  std::optional<std::size_t> stranger_;
};

/// A bare key of the same length as "central" that does not occur in the document.
std::string stand_in(std::string_view document) {
  for (char digit = '0'; digit <= '9'; ++digit) {
    for (char letter = 'a'; letter <= 'z'; ++letter) {
      const std::string key = std::string{digit, letter} + "-dwcn";
      if (document.find(key) == document.npos) return key;
    }
  }
  return {};
}

unsigned number(toml::source_index index) {
  return static_cast<unsigned>(index);
}

bool is_bare(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Value value_of(const toml::node& node) {
  if (const auto* b = node.as_boolean()) return {b->get()};
  if (const auto* n = node.as_integer()) return {n->get()};
  if (const auto* n = node.as_floating_point()) return {n->get()};
  if (const auto* s = node.as_string()) return {s->get()};
  if (const auto* array = node.as_array()) {
    std::vector<std::string> texts;
    for (const toml::node& entry : *array) {
      const auto* text = entry.as_string();
      if (text == nullptr) return {Value::Other{"a list of other things than texts"}};
      texts.push_back(text->get());
    }
    return {std::move(texts)};
  }
  if (node.is_table()) return {Value::Other{"a table"}};
  return {Value::Other{"a date or a time"}};
}

struct Flatten {
  std::string stand_in;  ///< replaces `central`; empty: not needed
  std::vector<Entry> out;

  void walk(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      Entry entry;
      const std::string_view name = key.str();
      const bool central = prefix.empty() && !stand_in.empty() && name == stand_in;
      entry.path = prefix + (central ? std::string(kCentral) : is_bare(name) ? std::string(name) : in_quotes(name));
      entry.line = number(key.source().begin.line);
      entry.column = number(key.source().begin.column);
      entry.value_line = number(node.source().begin.line);
      entry.value_column = number(node.source().begin.column);
      const auto* inner = node.as_table();
      entry.is_table = inner != nullptr;
      if (inner == nullptr) entry.value = value_of(node);
      const std::string path = entry.path;
      out.push_back(std::move(entry));
      if (inner != nullptr) walk(*inner, path + ".");
    }
  }
};

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); !what.empty() && at != text.npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

}  // namespace

std::expected<std::vector<Entry>, SyntaxError> parse_toml(std::string_view document) {
  std::string text(document);
  Flatten flatten;
  const Scan scan(document);
  if (const auto stranger = scan.stranger()) return std::unexpected(*stranger);  // undefined behaviour in toml++ 3.3
  if (!scan.central().empty()) {
    flatten.stand_in = stand_in(document);
    if (!flatten.stand_in.empty()) {
      for (const std::size_t at : scan.central())
        text.replace(at, kCentral.size(), flatten.stand_in);
    }
  }
  const toml::parse_result result = toml::parse(std::string_view(text));
  if (!result) {
    const toml::parse_error& error = result.error();
    return std::unexpected(SyntaxError{replaced(std::string(error.description()), flatten.stand_in, kCentral),
                                       number(error.source().begin.line), number(error.source().begin.column)});
  }
  flatten.walk(result.table(), "");
  std::ranges::sort(flatten.out, {},
                    [](const Entry& e) { return std::tuple(e.line, e.column, std::string_view(e.path)); });
  return std::move(flatten.out);
}

Value value_from_toml(std::string_view text) {
  const auto entries = parse_toml("v = " + std::string(text));
  if (!entries || entries->size() != 1 || entries->front().is_table) return {Value::Other{"no value"}};
  return entries->front().value;
}

Value value_from_command_line(const Setting& setting, std::string_view text) {
  const auto is = [&]<class... T>() { return (std::holds_alternative<T>(setting.type) || ...); };
  text = trim(text);
  const bool list = is.operator()<HostListType, AddressListType, SourceListType, NetworkListType, OriginListType,
                                  ServerListType, SipServerListType, WordListType, DialledListType, CodecListType>();
  if (text.starts_with(list ? '[' : '"')) {
    Value value = value_from_toml(text);
    if (!std::holds_alternative<Value::Other>(value.is)) return value;
  }
  if (list) {
    std::vector<std::string> entries;
    TextCursor cursor(text);
    while (!cursor.at_end()) {
      entries.emplace_back(trim(cursor.take_until(",")));
      cursor.skip_char(',');
    }
    return {std::move(entries)};
  }
  if (is.operator()<BoolType>() && (text == "true" || text == "false")) return {text == "true"};
  if (is.operator()<CountType, CountOrAutoType, NumberType, PortType>()) {
    Value value = value_from_toml(text);
    if (std::holds_alternative<std::int64_t>(value.is) || std::holds_alternative<double>(value.is)) return value;
  }
  return {std::string(text)};
}

}  // namespace dw::conf
