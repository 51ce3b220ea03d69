#include "sbc/proxy/call_report.hpp"

#include "sbc/net/log.hpp"
#include "sbc/phones/call_record.hpp"

namespace dw::proxy {

Call dated(Call call, TimePoint now) {
  call.since = wall_now() - std::chrono::duration_cast<std::chrono::milliseconds>(now - call.start);
  return call;
}

void log_call_over(const Call& call) {
  spdlog::info("{}", phones::log_line_of(phones::record_of(call)));
}

}  // namespace dw::proxy
