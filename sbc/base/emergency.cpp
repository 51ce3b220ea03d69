#include "sbc/base/emergency.hpp"

#include <algorithm>

namespace dw {

bool is_emergency(std::string_view dialled, const std::vector<std::string>& numbers) {
  constexpr std::string_view kBetweenDigits = "-. ()";
  const auto same = [&](std::string_view number) {
    for (const char c : dialled) {
      if (kBetweenDigits.contains(c)) continue;
      if (number.empty() || number.front() != c) return false;
      number.remove_prefix(1);
    }
    return number.empty();
  };
  return !dialled.empty() && std::ranges::any_of(numbers, same);
}

}  // namespace dw
