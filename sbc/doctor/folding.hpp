#pragma once
#include <vector>

#include "sbc/doctor/finding.hpp"

namespace dw::doctor {

/// One cause is one finding. Each finding that another one of the list explains gets its code as Finding::cause; then
/// they stand in order: the gravest cause first, right behind it what comes from it.
void order_by_cause(std::vector<Finding>& findings);
/// The same, and what comes from another finding is told under it (Finding::follows) and no more by itself.
void fold(std::vector<Finding>& findings);

}  // namespace dw::doctor
