#pragma once
#include <nlohmann/json.hpp>

#include "sbc/phones/network_facts.hpp"

namespace dw::admin {

/// `network` of /api/doctor (API.md); null before the first measurement.
nlohmann::ordered_json network_json(const phones::NetworkFacts& facts);

}  // namespace dw::admin
