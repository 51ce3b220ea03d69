#pragma once
#include <string_view>

#include "sbc/phones/signalling.hpp"

namespace dw::proxy {

/// One log line of a call that is over, of whichever protocol.
void log_call_over(const phones::Call& call);

}  // namespace dw::proxy
