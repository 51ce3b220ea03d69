#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "conf/value.hpp"
#include "sbc/base/result.hpp"

/// The only code that uses toml++.
namespace dw::conf {

/// One key of a document, or a table, by its dotted path. Line and column count from 1.
struct Entry {
  std::string path;       ///< parts that are not bare keys are quoted: access."t.f"
  bool is_table = false;  ///< then `value` is meaningless
  Value value;
  unsigned line = 0, column = 0;              ///< of the key
  unsigned value_line = 0, value_column = 0;  ///< of the value
};

struct SyntaxError {
  std::string text;
  unsigned line = 0, column = 0;
};

/// All keys of a TOML document, in order. Extends TOML 1.0 in one way: `central = "host"` at the top is allowed
/// although there are [central.*] tables.
std::expected<std::vector<Entry>, SyntaxError> parse_toml(std::string_view document);

/// A value as written after "=". Anything that is not TOML becomes Value::Other.
Value value_from_toml(std::string_view text);

}  // namespace dw::conf
