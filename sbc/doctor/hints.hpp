#pragma once
#include <vector>

#include "sbc/doctor/finding.hpp"
#include "sbc/phones/phone.hpp"

namespace dw::doctor {

/// Adds notes on the config of the latest boot to findings that they may explain: a file of nearly the phone's
/// name to those about a missing config, a password that the phone may not be able to read to those about
/// passwords and rejected configs.
void add_hints(std::vector<Finding>& findings, const std::vector<const phones::Step*>& latest_boot);

}  // namespace dw::doctor
