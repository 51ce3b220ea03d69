#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/time.hpp"

/// Text for a terminal, for the answers of commands. Pure, except for local_day and local_clock, which
/// use the time zone.
namespace dw::words {

/// What the daemon says of itself while conf::Central::configured is false.
inline constexpr std::string_view kNotConfigured =
    "not configured: set central, the telephone server's name, with dpkg-reconfigure dropwire or in "
    "/etc/dropwire/conf.d/central.toml, then restart dropwire";

/// Remote text as a terminal may show it: UTF-8 stays, control characters become spaces.
std::string printable(std::string_view text);

/// "now", "12 s ago", "2 min ago", "3 h ago", "4 d ago"; "in 20 s" for what is yet to come.
std::string ago(WallTime then, WallTime now);
/// Reads "2026-11-22T20:19:21.042Z" as the API writes it; nothing if it is anything else.
std::optional<WallTime> parse_rfc3339(std::string_view text);
std::string local_day(WallTime at);    ///< "22 Nov 2026"
std::string local_clock(WallTime at);  ///< "20:19:21"

/// "812 B", "9.2 kB", "3.1 MB", "2.0 GB": powers of 1000, for reading.
std::string octets(std::uint64_t count);

/// A table: columns as wide as their widest cell, two spaces between them; the first row is the
/// heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// Wraps at spaces so that no line is longer than `width` characters, if possible; every line but the first
/// is indented by `indent` spaces.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

/// The number of characters (code points) of UTF-8 text.
std::size_t width_of(std::string_view text);

}  // namespace dw::words
