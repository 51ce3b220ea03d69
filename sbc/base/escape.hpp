#pragma once
#include <string>
#include <string_view>

namespace dw {

/// Remote text, made safe for a log line or a terminal: control characters, DEL, quotes, backslashes and octets above
/// 0x7e become \xNN (or \" and \\). Text longer than `max` characters is cut and ends in "…".
std::string escaped(std::string_view remote, std::size_t max = 120);

}  // namespace dw
