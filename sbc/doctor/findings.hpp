#pragma once
#include <vector>

#include "sbc/doctor/box_causes.hpp"
#include "sbc/doctor/finding.hpp"
#include "sbc/phones/phone.hpp"

namespace dw::doctor {

/// Findings from the phone's latest boots, registrations and calls, most severe first. A later healthy one clears
/// them. `now` distinguishes silence from a boot that is still going on; `causes` are faults of the box itself:
/// one cause is one error, and it is the box's.
std::vector<Finding> findings(const phones::Phone& phone, WallTime now, const BoxCauses& causes = {});

}  // namespace dw::doctor
