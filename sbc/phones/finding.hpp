#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace dw::phones {

enum class Severity : std::uint8_t { info, warning, error };
std::string_view to_string(Severity severity);

/// Something wrong, or worth knowing, with a phone or with this box: `seen` is what was there, `means` what it
/// tells, `remedy` ("do" in JSON) what a person should do. Remote text in it is escaped.
struct Finding {
  std::string_view code;  ///< stable, snake_case; one of finding_kinds()
  Severity severity{};
  std::string seen, means, remedy;
  /// Of a phone's: the code of the box's finding that is its cause; empty: it stands by itself.
  std::string_view cause = {};
};

}  // namespace dw::phones
