#pragma once
#include <nlohmann/json.hpp>

#include "sbc/doctor/network_facts.hpp"

namespace dw::admin {

/// `network` of /api/doctor (API.md); null before the first measurement.
nlohmann::ordered_json network_json(const doctor::NetworkFacts& facts);

}  // namespace dw::admin
