#pragma once
#include "sbc/base/call.hpp"

namespace dw::proxy {

/// The same with its date, which cores do not know.
Call dated(Call call, TimePoint now);

/// One log line of a call that is over, of whichever protocol.
void log_call_over(const Call& call);

}  // namespace dw::proxy
