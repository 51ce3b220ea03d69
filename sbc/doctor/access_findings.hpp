#pragma once
#include <vector>

#include "sbc/doctor/box.hpp"

namespace dw::doctor {

/// Findings about unwanted visitors of this box, and about those kept out that may be wanted.
std::vector<Finding> access_findings(const BoxFacts& box, WallTime now);

}  // namespace dw::doctor
