#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dw::doctor {

enum class Severity : std::uint8_t { info, warning, error };
std::string_view to_string(Severity severity);

/// Something wrong with, or worth knowing about, a phone or this box: `seen` is what was observed, `means` what it
/// means, `remedy` ("do" in JSON) what a person should do. Remote text in it is escaped.
struct Finding {
  std::string_view code;  ///< stable, snake_case; one of finding_kinds()
  Severity severity{};
  std::string seen, means, remedy;
  /// The code of the finding that caused this one; empty: none.
  std::string_view cause = {};
  bool of_box = false;  ///< of a phone's: `cause` is a finding of the box
  /// What it is about, to group what belongs together ("udp pbx.example.net:5060", an origin's URL, a name); empty:
  /// nothing that has a name.
  std::string about = {};
  /// Its consequences that are no findings of their own.
  struct Follow {
    std::string_view code;
    std::string seen;
  };
  std::vector<Follow> follows = {};

  bool from_box() const { return of_box && !cause.empty(); }
};

}  // namespace dw::doctor
