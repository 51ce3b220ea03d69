#pragma once
#include "sbc/base/call.hpp"

namespace dw::proxy {

/// The call with its date: cores know no dates.
Call dated(Call call, TimePoint now);

/// Logs a call that is over, of either protocol.
void log_call_over(const Call& call);

}  // namespace dw::proxy
