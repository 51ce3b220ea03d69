#pragma once
#include <vector>

#include "sbc/doctor/box.hpp"

namespace dw::doctor {

/// Who comes to this box without being wanted, or was kept out although it may be wanted.
std::vector<Finding> access_findings(const BoxFacts& box, WallTime now);

}  // namespace dw::doctor
