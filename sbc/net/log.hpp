#pragma once
#include <spdlog/spdlog.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "sbc/base/escape.hpp"
#include "sbc/base/token_bucket.hpp"

namespace dw::net {

/// How lines leave. automatic: journal where stderr is the journal's stream ($JOURNAL_STREAM), else text.
/// text: for people, `event=… key=value… text` behind time and level, on stderr. json: one object a line, on
/// stderr. journal: native entries with fields (log_line.hpp); stderr with <N> priorities where that fails.
enum class LogForm : std::uint8_t { automatic, text, journal, json };
LogForm log_form(std::string_view word);  ///< "auto" and what is unknown: automatic

inline constexpr std::string_view kJournalSocket = "/run/systemd/journal/socket";
/// Called by main, and again at each reload. `level` is one of trace, debug, info, warn, error; anything else
/// is info.
void set_up_log(std::string_view level, LogForm form = LogForm::automatic, std::string_view journal = kJournalSocket);
/// False, and nothing is changed, when it is none of those words.
bool set_log_level(std::string_view word);

/// For what a stranger can provoke: at most `rate` lines a second and a burst; when lines were left out, the
/// next one that passes tells how many. A line that is left out is not even formatted. Keep one per kind of
/// event.
class LogLimit {
 public:
  explicit LogLimit(double rate = 1.0, double burst = 10.0) : bucket_(rate, burst) {}
  template <class... A>
  void warn(fmt::format_string<A...> format, A&&... args) {
    if (passes(spdlog::level::warn)) write(spdlog::level::warn, fmt::format(format, std::forward<A>(args)...));
  }
  template <class... A>
  void info(fmt::format_string<A...> format, A&&... args) {
    if (passes(spdlog::level::info)) write(spdlog::level::info, fmt::format(format, std::forward<A>(args)...));
  }

 private:
  bool passes(spdlog::level::level_enum level);
  void write(spdlog::level::level_enum level, std::string line);
  TokenBucket bucket_;
  std::uint64_t left_out_ = 0;
};

}  // namespace dw::net
