#pragma once
#include <vector>

#include "sbc/phones/box.hpp"

namespace dw::phones {

/// What the path to the central side shows, and what the router answered: of `box` only what is about the
/// network.
std::vector<Finding> network_findings(const BoxFacts& box);

}  // namespace dw::phones
