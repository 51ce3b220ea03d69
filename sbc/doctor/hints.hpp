#pragma once
#include <vector>

#include "sbc/doctor/finding.hpp"
#include "sbc/phones/phone.hpp"

namespace dw::doctor {

/// Puts into findings what was noted of the config in the latest boot, where it may be the cause: a file of
/// nearly the phone's name into those that say that its own is missing, a password that it may not read into
/// those of passwords and rejected configs.
void add_hints(std::vector<Finding>& findings, const std::vector<const phones::Step*>& latest_boot);

}  // namespace dw::doctor
