#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conf/settings.hpp"

namespace dw::conf {

inline constexpr std::size_t kMaxText = 4096;             ///< characters in one text
inline constexpr std::size_t kMaxList = 64;               ///< entries in one list
inline constexpr std::size_t kMaxSourceAddresses = 1024;  ///< entries in a list of source addresses
inline constexpr std::size_t kMaxNetworks = 64;           ///< entries in a list of networks
inline constexpr std::size_t kMinWord = 3;                ///< characters of an entry in a list of words
inline constexpr std::size_t kMaxWord = 64;
inline constexpr std::size_t kMaxDialled = 15;  ///< digits of a dialled number (E.164 §6)

/// A value from a file or the command line, before it is checked.
struct Value {
  struct Other {
    std::string what;  ///< "a date", "a table", "a list of different things"
  };
  std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>, Other> is;
};

/// Why a value is invalid, and what would be valid.
struct Complaint {
  std::string text;
  std::string hint;
};

/// Checks the value against the setting's type and range and stores it in the configuration; an invalid value changes
/// nothing.
std::optional<Complaint> assign(const Setting& setting, const Value& value, Config& config);
/// A value typed after "KEY=" on the command line: no quotes needed, lists separated by commas or in TOML.
Value value_from_command_line(const Setting& setting, std::string_view text);
/// The setting's value as TOML; an origin's user and password are masked.
std::string shown(const Setting& setting, const Config& config);

/// A TOML basic string.
std::string in_quotes(std::string_view text);

}  // namespace dw::conf
