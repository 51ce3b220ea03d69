#pragma once
#include <vector>

#include "sbc/doctor/box.hpp"

namespace dw::doctor {

/// Findings from the path to the central side and the answers of the router: of `box` only what is about the
/// network. A service whose server or origin the daemon itself finds down is reported there; a measurement of a
/// server that has answered since is outdated. `now` is the wall clock.
std::vector<Finding> network_findings(const BoxFacts& box, WallTime now = {});

}  // namespace dw::doctor
