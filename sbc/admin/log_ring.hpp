#pragma once
#include <spdlog/sinks/base_sink.h>

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "sbc/base/time.hpp"

namespace dw::admin {

struct LogLine {
  std::uint64_t number = 0;  ///< counts from 1
  WallTime at{};
  spdlog::level::level_enum level = spdlog::level::info;
  std::string text;
};

/// The last log lines, for `dropwire log`: an spdlog sink, so any thread may write to it.
class LogRing : public spdlog::sinks::base_sink<std::mutex> {
 public:
  static constexpr std::size_t kMaxLines = 500;
  static constexpr std::size_t kMaxLine = 1024;  ///< octets; longer lines are cut

  /// Lines with a number above `after`, oldest first.
  std::vector<LogLine> lines(std::uint64_t after = 0);

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  std::deque<LogLine> lines_;
  std::uint64_t count_ = 0;
};

}  // namespace dw::admin
