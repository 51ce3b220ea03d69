#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

namespace dw {

/// The number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. Takes time O(|a| ×
/// |b|): meant for what a person typed.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The one of `names` that a mistyped `word` most likely stands for; empty when none is close.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& names);

}  // namespace dw
