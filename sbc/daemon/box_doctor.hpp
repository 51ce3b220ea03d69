#pragma once
#include <vector>

#include "conf/config.hpp"
#include "sbc/admin/sources.hpp"

namespace dw {

/// What is wrong with the running daemon, as far as it knows itself: listeners, origins, call servers,
/// media ports, cache, clock. Pure: the
/// facts are in `status`; `now` is the wall clock.
std::vector<admin::DoctorFinding> box_findings(const admin::Status& status, const conf::Config& config,
                                               WallTime now);

}  // namespace dw
