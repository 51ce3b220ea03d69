#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

namespace dw {

/// Insertions, deletions, replacements and swaps of neighbours that make `a` of `b`. Takes as long as both are long:
/// for what a person typed.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The one of `names` that a mistyped `word` most likely was meant to be; empty when none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& names);

}  // namespace dw
