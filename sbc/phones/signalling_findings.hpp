#pragma once
#include <vector>

#include "sbc/phones/box_causes.hpp"
#include "sbc/phones/finding.hpp"
#include "sbc/phones/phone.hpp"

namespace dw::phones {

/// Findings that registrations and calls show.
std::vector<Finding> signalling_findings(const Phone& phone, WallTime now, const BoxCauses& causes);

}  // namespace dw::phones
