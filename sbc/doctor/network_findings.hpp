#pragma once
#include <vector>

#include "sbc/doctor/box.hpp"

namespace dw::doctor {

/// What the path to the central side shows, and what the router answered: of `box` only what is about the
/// network. A service whose server or origin the daemon itself finds down is told there, and what a server that
/// answered since was measured to be is past. `now` is the wall clock.
std::vector<Finding> network_findings(const BoxFacts& box, WallTime now = {});

}  // namespace dw::doctor
