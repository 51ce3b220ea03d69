#pragma once
#include <optional>

#include "sbc/doctor/network_facts.hpp"

namespace dw::doctor {

/// What measured facts say together: path, udp_blocked, tftp_alg. `fresh_came`: whether a TFTP answer from a
/// fresh port of the central side came in; nothing: not tried, or nobody there who answers so.
void conclude(NetworkFacts& facts, std::optional<bool> fresh_came);

}  // namespace dw::doctor
