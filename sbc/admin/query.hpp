#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace dw::admin {

/// The value of "name=" in the query "…&name=value&…", as sent: still percent-encoded.
std::optional<std::string_view> query_value(std::string_view query, std::string_view name);
/// Nothing if it is missing or not a number up to `max`.
std::optional<std::uint64_t> query_number(std::string_view query, std::string_view name, std::uint64_t max);

}  // namespace dw::admin
