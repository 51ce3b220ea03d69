#include "sbc/net/log.hpp"

#include <spdlog/details/os.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "sbc/base/log_line.hpp"
#include "sbc/base/time.hpp"
#include "sbc/net/descriptor.hpp"

namespace dw::net {
namespace {

constexpr std::size_t kMaxJournalLine = 16 << 10;  // octets: small enough for any socket buffer

/// $JOURNAL_STREAM names the journal's stream by device and inode; a child process whose stderr is redirected inherits
/// the variable, but not the stream.
bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat about {};
  if (!stream || fstat(2, &about) != 0) return false;
  return fmt::format("{}:{}", about.st_dev, about.st_ino) == stream;
}

/// The numbers of syslog(3).
int priority(spdlog::level::level_enum level) {
  constexpr std::array<int, spdlog::level::n_levels> kPriority = {7, 7, 6, 4, 3, 2, 6};
  return kPriority[static_cast<std::size_t>(level)];
}

/// Where all log lines are written, in the chosen form: to stderr or the journal's socket. Any thread.
class LogOutput : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void choose(LogForm form, std::string_view journal) {
    const std::lock_guard lock(mutex_);
    form_ = form != LogForm::automatic ? form : stderr_is_journal() ? LogForm::journal : LogForm::text;
    if (form_ != LogForm::journal) return;
    if (!journal_) journal_ = Descriptor(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    to_ = {};
    to_.sun_family = AF_UNIX;
    journal.copy(to_.sun_path, sizeof to_.sun_path - 1);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view line(message.payload.data(), message.payload.size());
    if (form_ == LogForm::json) {
      const auto level = spdlog::level::to_string_view(message.level);
      const WallTime at = std::chrono::floor<std::chrono::milliseconds>(message.time);
      return write(log_json(to_rfc3339(at), {level.data(), level.size()}, line) + "\n");
    }
    if (form_ == LogForm::journal) {
      if (to_journal(priority(message.level), line)) return;
      // "<6>": the priority that journald strips from a line on stderr (sd-daemon(3)).
      return write(fmt::format("<{}>{}\n", priority(message.level), line));
    }
    spdlog::memory_buf_t text;
    people_.format(message, text);
    write({text.data(), text.size()});
  }
  void flush_() override { std::fflush(stderr); }

 private:
  /// Blocks while the journal is busy, as writing to its stream would.
  bool to_journal(int level, std::string_view line) {
    if (!journal_ || line.size() > kMaxJournalLine) return false;
    const Buffer entry = journal_entry(level, line);
    return sendto(journal_.number(), entry.data(), entry.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to_),
                  sizeof to_) >= 0;
  }
  static void write(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

  LogForm form_ = LogForm::text;
  Descriptor journal_;
  sockaddr_un to_{};
  spdlog::pattern_formatter people_{"%Y-%m-%dT%H:%M:%S.%e%z %-5l %v"};
};

std::shared_ptr<LogOutput>& output() {
  static std::shared_ptr<LogOutput> one = std::make_shared<LogOutput>();
  return one;
}

}  // namespace

LogForm log_form(std::string_view word) {
  if (word == "text") return LogForm::text;
  if (word == "json") return LogForm::json;
  return word == "journal" ? LogForm::journal : LogForm::automatic;
}

bool set_log_level(std::string_view word) {
  const auto level = spdlog::level::from_str(std::string(word));  // unknown words give "off"
  if (level == spdlog::level::off) return false;
  spdlog::set_level(level);
  return true;
}

void set_up_log(std::string_view level, LogForm form, std::string_view journal) {
  output()->choose(form, journal);
  if (spdlog::default_logger()->name() != "dropwire") {
    auto logger = std::make_shared<spdlog::logger>("dropwire", output());
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
  }
  if (!set_log_level(level)) spdlog::set_level(spdlog::level::info);
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
