#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace dw {

/// 0 to 15, or -1.
int hex_digit(char c);

/// RFC 3986 §2.1: "%2e" → "."; nothing for a broken escape. May contain any octet, even NUL.
std::optional<std::string> percent_decoded(std::string_view text);
/// Escapes everything but "/" and RFC 3986's unreserved characters.
std::string percent_encoded_path(std::string_view path);

}  // namespace dw
