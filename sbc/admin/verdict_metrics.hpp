#pragma once
#include "sbc/base/metrics.hpp"
#include "sbc/doctor/box_verdict.hpp"

namespace dw::admin {

/// The overall verdict as metrics: which of the four states, and phones by their states and findings. `book` may be
/// null.
void append_verdict(MetricsText& out, const doctor::Verdict& verdict, const doctor::VerdictBook* book);

}  // namespace dw::admin
