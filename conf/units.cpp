#include "conf/units.hpp"

#include <array>
#include <limits>

#include "sbc/base/text_cursor.hpp"

namespace dw::conf {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::uint64_t worth;
};

constexpr std::array<Unit, 5> kTimes = {{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::uint64_t kLongest = 10'000 * kTimes[0].worth;

// In order of preference when writing a value: the first unit that divides it.
constexpr std::array<Unit, 9> kSizes = {{{"TiB", 1ULL << 40},
                                         {"GiB", 1ULL << 30},
                                         {"MiB", 1ULL << 20},
                                         {"KiB", 1ULL << 10},
                                         {"TB", 1'000'000'000'000},
                                         {"GB", 1'000'000'000},
                                         {"MB", 1'000'000},
                                         {"KB", 1000},
                                         {"B", 1}}};

/// The product of a number and the unit after it; nothing if it exceeds `max`.
template <std::size_t n>
std::optional<std::uint64_t> product(std::string_view text, const std::array<Unit, n>& units, bool any_case,
                                     std::uint64_t max) {
  TextCursor cursor(text);
  const auto number = cursor.take_number(max);
  if (!number) return std::nullopt;
  for (const Unit& unit : units) {
    if (any_case ? !equal_ignoring_case(cursor.rest(), unit.name) : cursor.rest() != unit.name) continue;
    if (*number > max / unit.worth) return std::nullopt;
    return *number * unit.worth;
  }
  return std::nullopt;
}

template <std::size_t n>
std::string in_units(std::uint64_t value, const std::array<Unit, n>& units, std::string_view for_zero) {
  if (value == 0) return std::string(for_zero);
  for (const Unit& unit : units) {
    if (value % unit.worth == 0) return std::to_string(value / unit.worth) + std::string(unit.name);
  }
  return {};
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const auto ms = product(text, kTimes, false, kLongest);
  if (!ms) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(*ms));
}

std::string duration_text(Duration d) {
  const auto ms = std::chrono::duration_cast<milliseconds>(d).count();
  return in_units(static_cast<std::uint64_t>(ms), kTimes, "0s");
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return product(text, kSizes, true, std::numeric_limits<std::int64_t>::max());
}

std::string size_text(std::uint64_t octets) {
  return in_units(octets, kSizes, "0B");
}

}  // namespace dw::conf
