#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace dw {

/// What went wrong, for a program to branch on. The text beside it is for a person.
enum class Errc {
  truncated,     ///< the octets ended before the value did
  malformed,     ///< the octets are there and make no sense
  too_long,      ///< beyond a named maximum
  unsupported,   ///< well formed, but not something we speak
  forbidden,     ///< well formed, and refused by policy
  not_found,     ///< the thing named does not exist
  not_admitted,  ///< it is not for who asks, who hears that it does not exist
  unavailable,   ///< it may exist, but could not be had now
  exhausted,     ///< a bound of ours was reached
  invalid,       ///< a person's input (setting, argument) is wrong
  system,        ///< the operating system said no; the text has its words
};

std::string_view to_string(Errc code);

/// One failure: a code, a sentence for a person ("what happened, to whom"), and, when octets were being
/// parsed, where (`offset` counts from the start of what the parser was given).
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
