#pragma once
#include <string>
#include <string_view>
#include <unordered_set>

#include "sbc/base/result.hpp"

namespace dw::provisioning {

inline constexpr std::size_t kMaxPhoneListOctets = 4U << 20U;  ///< of the file
inline constexpr std::size_t kMaxListed = 65'536;              ///< devices

using PhoneList = std::unordered_set<std::string>;  ///< device_key of each

/// A list of phones: one a line, or CSV (comma, semicolon or tab, in quotes or not) of which the first field that is a
/// MAC or SEP<MAC> counts. A line of one field may be another device name. "#" begins a comment, empty lines are
/// nothing, and a first line of CSV without a MAC is its head. Errors: invalid, with `offset` the number of the line
/// from 1; too_long beyond the bounds.
Result<PhoneList> parse_phone_list(std::string_view text);

}  // namespace dw::provisioning
