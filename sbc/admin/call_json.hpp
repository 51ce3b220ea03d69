#pragma once
#include <nlohmann/json_fwd.hpp>

#include "sbc/admin/json.hpp"

namespace dw::admin {

/// One call in the form of the API (API.md, /api/calls); `history` may be null.
nlohmann::ordered_json call_json(const phones::Call& call, const Now& now, const CallHistory* history);

}  // namespace dw::admin
