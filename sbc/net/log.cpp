#include "sbc/net/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <memory>

namespace dw::net {
namespace {

/// "<6>": the syslog priority that journald takes off the front of a line (sd-daemon(3)).
class PriorityPrefix : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    constexpr std::array<char, spdlog::level::n_levels> kPriority = {'7', '7', '6', '4', '3', '2', '6'};
    const std::array<char, 3> text = {'<', kPriority[static_cast<std::size_t>(message.level)], '>'};
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<PriorityPrefix>(); }
};

/// $JOURNAL_STREAM names the journal's stream by device and inode; a child with stderr redirected inherits
/// the variable, but not the stream.
bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat about {};
  if (!stream || fstat(2, &about) != 0) return false;
  return fmt::format("{}:{}", about.st_dev, about.st_ino) == stream;
}

}  // namespace

void set_up_log(std::string_view level) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  if (stderr_is_journal()) {
    formatter->add_flag<PriorityPrefix>('*').set_pattern("%*%v");
  } else {
    formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %-5l %v");
  }
  auto logger =
      std::make_shared<spdlog::logger>("dropwire", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::move(formatter));
  logger->flush_on(spdlog::level::trace);
  const auto chosen = spdlog::level::from_str(std::string(level));
  logger->set_level(chosen == spdlog::level::off ? spdlog::level::info : chosen);
  spdlog::set_default_logger(std::move(logger));
}

bool LogLimit::passes(spdlog::level::level_enum level) {
  if (!spdlog::should_log(level)) return false;
  if (bucket_.take(Clock::now())) return true;
  ++left_out_;
  return false;
}

void LogLimit::write(spdlog::level::level_enum level, std::string line) {
  if (left_out_ != 0) line += fmt::format(" ({} more like it were not logged)", left_out_);
  left_out_ = 0;
  spdlog::log(level, "{}", line);
}

}  // namespace dw::net
