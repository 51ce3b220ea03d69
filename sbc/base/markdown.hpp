#pragma once
#include <string>
#include <string_view>

namespace dw {

/// Escapes text for Markdown, so that it has no emphasis, heading or HTML.
std::string markdown(std::string_view text);

}  // namespace dw
