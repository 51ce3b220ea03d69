#include "sbc/base/result.hpp"

#include <system_error>

namespace dw {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::truncated:
      return "truncated";
    case Errc::malformed:
      return "malformed";
    case Errc::too_long:
      return "too_long";
    case Errc::unsupported:
      return "unsupported";
    case Errc::forbidden:
      return "forbidden";
    case Errc::not_found:
      return "not_found";
    case Errc::not_admitted:
      return "not_admitted";
    case Errc::unavailable:
      return "unavailable";
    case Errc::exhausted:
      return "exhausted";
    case Errc::invalid:
      return "invalid";
    case Errc::system:
      return "system";
  }
  return "unknown";
}

std::unexpected<Error> fail_errno(int error_number, std::string_view doing) {
  std::string text(doing);
  text += ": ";
  text += std::generic_category().message(error_number);
  return fail(Errc::system, std::move(text));
}

}  // namespace dw
