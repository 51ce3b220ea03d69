#pragma once
#include <optional>

#include "sbc/doctor/network_facts.hpp"

namespace dw::doctor {

/// Derives path, udp_blocked and tftp_alg from the measured facts. `fresh_came`: whether a TFTP answer from a
/// new port of the central side arrived; nothing: not tried, or there is no such server.
void conclude(NetworkFacts& facts, std::optional<bool> fresh_came);

}  // namespace dw::doctor
