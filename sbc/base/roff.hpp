#pragma once
#include <string>
#include <string_view>

namespace dw {

/// Text for a manual page, in ASCII, so that it reads in every locale: roff takes "-" for a hyphen, a "." or "'" at a
/// line's start for a request, and "\" for an escape. Letters that our texts use become what groff shows on any
/// terminal ("…" is three dots, "→" is an arrow or "->"), others \[uXXXX].
std::string roff(std::string_view text);

}  // namespace dw
