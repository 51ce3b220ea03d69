#include "sbc/base/edit_distance.hpp"

#include <algorithm>
#include <numeric>

namespace dw {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& names) {
  constexpr std::size_t kMaxCompared = 64;  // characters
  if (word.empty() || word.size() > kMaxCompared) return {};
  std::string_view best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string_view name : names) {
    const bool begun = word.size() >= 3 && name.starts_with(word);
    const std::size_t distance = begun ? 1 : edit_distance(word, name);
    if (distance >= least || distance >= name.size()) continue;
    best = name;
    least = distance;
  }
  return best;
}

}  // namespace dw
