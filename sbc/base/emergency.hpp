#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace dw {

/// Whether somebody who dials this calls for help: `dialled` is one of `numbers`, when what people put between
/// digits (`-`, `.`, blanks, brackets: RFC 3966 §5.1.1) is left out. No prefix is guessed: a site that dials 9 for
/// an outside line names 9911 itself.
bool is_emergency(std::string_view dialled, const std::vector<std::string>& numbers);

}  // namespace dw
