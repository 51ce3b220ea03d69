#pragma once
#include <vector>

#include "sbc/doctor/box_causes.hpp"
#include "sbc/doctor/finding.hpp"
#include "sbc/phones/phone.hpp"

namespace dw::doctor {

/// Findings from registrations and calls.
std::vector<Finding> signalling_findings(const phones::Phone& phone, WallTime now, const BoxCauses& causes);

}  // namespace dw::doctor
