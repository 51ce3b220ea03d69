#include "sbc/proxy/call_report.hpp"

#include "sbc/net/log.hpp"
#include "sbc/phones/call_record.hpp"

namespace dw::proxy {

void log_call_over(const phones::Call& call) {
  spdlog::info("{}", phones::log_line_of(phones::record_of(call)));
}

}  // namespace dw::proxy
