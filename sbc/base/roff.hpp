#pragma once
#include <string>
#include <string_view>

namespace dw {

/// Escapes text for a manual page, in ASCII, so that it shows in every locale: roff reads "-" as a hyphen, "." or "'"
/// at the start of a line as a request, and "\" as an escape. Special characters that our texts use become what groff
/// shows on any terminal ("…" is three dots, "→" is an arrow or "->"), others \[uXXXX].
std::string roff(std::string_view text);

}  // namespace dw
