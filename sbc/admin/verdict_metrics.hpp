#pragma once
#include "sbc/base/metrics.hpp"
#include "sbc/phones/box_verdict.hpp"

namespace dw::admin {

/// How everything stands, in numbers: which of the four states, and phones by theirs and by what they have. `book` may
/// be null.
void append_verdict(MetricsText& out, const phones::Verdict& verdict, const phones::VerdictBook* book);

}  // namespace dw::admin
