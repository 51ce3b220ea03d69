#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/phones/phone.hpp"

namespace dw::phones {

/// Its latest registration, or try to, was by SIP.
bool speaks_sip(const Phone& phone);

/// "registered line 1001 with pbx.example.net:5060 by UDP": `phone.steps[index]`, which is of SIP signalling,
/// in the light of those before it.
std::string sip_words(const Phone& phone, std::size_t index);

/// The state of a line by the latest step that shows it; steps of others who use the phone's name are left out.
struct LineStanding {
  std::string_view aor;  ///< points into the phone's steps
  const Step* step = nullptr;
  std::size_t unheard = 0;  ///< answers that it did not hear since it was last registered
};
/// Each line that the story has, in the order in which they came.
std::vector<LineStanding> line_standings(const Phone& phone);

}  // namespace dw::phones
