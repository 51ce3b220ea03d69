#include "sbc/admin/query.hpp"

#include "sbc/base/text_cursor.hpp"

namespace dw::admin {

std::optional<std::string_view> query_value(std::string_view query, std::string_view name) {
  TextCursor cursor(query);
  while (!cursor.at_end()) {
    TextCursor pair(cursor.take_until("&"));
    cursor.skip_char('&');
    if (pair.take_until("=") == name && pair.skip_char('=')) return pair.rest();
  }
  return std::nullopt;
}

std::optional<std::uint64_t> query_number(std::string_view query, std::string_view name, std::uint64_t max) {
  const auto value = query_value(query, name);
  return value ? parse_number(*value, max) : std::nullopt;
}

}  // namespace dw::admin
