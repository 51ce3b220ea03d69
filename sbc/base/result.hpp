#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace dw {

/// What went wrong, for a program to branch on. Its text is for a person.
enum class Errc {
  truncated,     ///< the octets ended before the value did
  malformed,     ///< complete, but makes no sense
  too_long,      ///< beyond a named maximum
  unsupported,   ///< well formed, but not supported
  forbidden,     ///< well formed, but refused by policy
  not_found,     ///< the thing named does not exist
  not_admitted,  ///< not for this client, who gets the answer of not_found
  unavailable,   ///< it may exist, but can't be reached now
  exhausted,     ///< a limit of ours was reached
  invalid,       ///< a person's input (setting, argument) is wrong
  system,        ///< the operating system failed; the text has its message
};

std::string_view to_string(Errc code);

/// One failure: a code, a sentence for a person ("what happened, to whom"), and for a parser where (`offset` counts
/// from the start of the parser's input).
struct Error {
  Errc code{};
  std::string text;
  std::size_t offset = 0;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Errc code, std::string text, std::size_t offset = 0) {
  return std::unexpected(Error{code, std::move(text), offset});
}

/// "Address already in use" and the like, for `Errc::system`.
std::unexpected<Error> fail_errno(int error_number, std::string_view doing);

}  // namespace dw
