#include "sbc/admin/log_ring.hpp"

#include <algorithm>

namespace dw::admin {

std::vector<LogLine> LogRing::lines(std::uint64_t after) {
  const std::lock_guard lock(mutex_);
  const auto first = std::ranges::upper_bound(lines_, after, {}, &LogLine::number);
  return {first, lines_.end()};
}

void LogRing::sink_it_(const spdlog::details::log_msg& message) {
  const std::string_view text(message.payload.data(), std::min(message.payload.size(), kMaxLine));
  const auto at = std::chrono::floor<std::chrono::milliseconds>(message.time);
  if (lines_.size() == kMaxLines) lines_.pop_front();
  lines_.push_back({++count_, at, message.level, std::string(text)});
}

}  // namespace dw::admin
