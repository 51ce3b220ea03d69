#pragma once
#include <vector>

#include "sbc/doctor/box_causes.hpp"
#include "sbc/doctor/finding.hpp"
#include "sbc/phones/phone.hpp"

namespace dw::doctor {

/// What the phone's latest boots, registrations and calls show, the gravest first. A later healthy one clears
/// them. `now` tells silence from a boot that is still under way, `causes` what the box itself says of its call
/// servers: one cause is one error, and it is the box's.
std::vector<Finding> findings(const phones::Phone& phone, WallTime now, const BoxCauses& causes = {});

}  // namespace dw::doctor
