#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace dw {

/// Whether this is an emergency call: `dialled`, without the separators that people write (`-`, `.`, blanks, brackets:
/// RFC 3966 §5.1.1), is one of `numbers`. No prefix is guessed: a site that dials 9 for an outside line lists 9911
/// itself.
bool is_emergency(std::string_view dialled, const std::vector<std::string>& numbers);

}  // namespace dw
