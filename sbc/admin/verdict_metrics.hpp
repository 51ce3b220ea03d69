#pragma once
#include "sbc/base/metrics.hpp"
#include "sbc/phones/box_verdict.hpp"

namespace dw::admin {

/// The overall verdict as metrics: which of the four states, and phones by their states and findings. `book` may be
/// null.
void append_verdict(MetricsText& out, const phones::Verdict& verdict, const phones::VerdictBook* book);

}  // namespace dw::admin
