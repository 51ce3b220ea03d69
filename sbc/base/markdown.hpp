#pragma once
#include <string>
#include <string_view>

namespace dw {

/// Text for Markdown: what would be emphasis, a heading or HTML stands for itself.
std::string markdown(std::string_view text);

}  // namespace dw
