#pragma once
#include <vector>

#include "sbc/doctor/finding.hpp"

namespace dw::doctor {

/// One cause is one finding. Each finding that another one of the list explains gets its code as Finding::cause. They
/// are sorted: the most severe cause first, each followed by its consequences.
void order_by_cause(std::vector<Finding>& findings);
/// The same, and consequences are listed in their cause (Finding::follows) instead of as findings.
void fold(std::vector<Finding>& findings);

}  // namespace dw::doctor
