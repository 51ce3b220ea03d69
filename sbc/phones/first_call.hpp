#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "sbc/phones/phone.hpp"

namespace dw::phones {

/// How far a phone has come on its way from its first request to a call in which both sides hear each other. What is
/// not known of it is not said: `files_known` counts what its latest boot asked for and what its configuration names,
/// and grows while it finds out what else it needs.
struct FirstCall {
  enum class Stage : std::uint8_t {
    asked,       ///< for files, of which it has taken none
    fetching,    ///< it took some, and is not registered
    registered,  ///< and has had no call since it registered
    calling,     ///< a call is up, in which not both sides were heard yet
    one_sided,   ///< its latest call ended, and not both sides were heard
    heard,       ///< both sides were heard in the call that is up, or in the latest
  } stage = Stage::asked;
  std::size_t files = 0, files_known = 0;  ///< of its latest boot
};
std::string_view to_string(FirstCall::Stage stage);  ///< "asked", "fetching"…

/// `calls`: those of this phone that are up.
FirstCall first_call_of(const Phone& phone, const std::vector<const Call*>& calls);

}  // namespace dw::phones
