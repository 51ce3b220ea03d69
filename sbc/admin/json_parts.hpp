#pragma once
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "sbc/doctor/finding.hpp"
#include "sbc/phones/phone.hpp"

namespace dw::admin {

// Parts that several answers share.

/// The fields that the list and the single phone share.
nlohmann::ordered_json phone_summary(const phones::Phone& phone);
nlohmann::ordered_json findings_list(const std::vector<doctor::Finding>& findings);

}  // namespace dw::admin
