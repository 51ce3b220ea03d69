#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "conf/value.hpp"
#include "sbc/base/result.hpp"

/// The only place that knows toml++.
namespace dw::conf {

/// One key of a document, tables included, by its dotted path. Line and column count from 1.
struct Entry {
  std::string path;       ///< a part that is no bare key is quoted: access."t.f"
  bool is_table = false;  ///< then `value` says nothing
  Value value;
  unsigned line = 0, column = 0;              ///< of the key
  unsigned value_line = 0, value_column = 0;  ///< of the value
};

struct SyntaxError {
  std::string text;
  unsigned line = 0, column = 0;
};

/// All keys of a TOML document, in the order of their places. One liberty beyond TOML 1.0: `central = "host"`
/// may stand at the top although there are [central.*] tables.
std::expected<std::vector<Entry>, SyntaxError> parse_toml(std::string_view document);

/// One value as it stands behind "=". What is no TOML becomes Value::Other.
Value value_from_toml(std::string_view text);

}  // namespace dw::conf
