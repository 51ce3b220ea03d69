#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/base/time.hpp"

namespace dw::conf {

/// "500ms", "30s", "10m", "1h", "7d": digits and a unit. Nothing for any other text, or if longer than 10,000 days.
std::optional<Duration> parse_duration(std::string_view text);
/// In the largest unit that gives a whole number.
std::string duration_text(Duration d);

/// "512B", "64KiB", "2GiB", "10MB", "1TB": digits and a unit; KiB… are powers of 1024, kB or KB… of 1000.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string size_text(std::uint64_t octets);

}  // namespace dw::conf
