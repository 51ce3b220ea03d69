#pragma once
#include <string>
#include <string_view>

namespace dw {

/// Remote text as a log line or a terminal may show it: control characters, DEL, quotes, backslashes and
/// octets above 0x7e become \xNN (or \" and \\), and what is longer than `max` characters is cut with "…".
std::string escaped(std::string_view remote, std::size_t max = 120);

}  // namespace dw
