#pragma once
#include <nlohmann/json.hpp>

#include "sbc/phones/network_facts.hpp"

namespace dw::admin {

/// `network` of /api/doctor (API.md); null while nothing was measured.
nlohmann::ordered_json network_json(const phones::NetworkFacts& facts);

}  // namespace dw::admin
