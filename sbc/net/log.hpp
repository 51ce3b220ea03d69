#pragma once
#include <spdlog/spdlog.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "sbc/base/escape.hpp"
#include "sbc/base/token_bucket.hpp"

namespace dw::net {

/// How lines are written. automatic: journal if stderr is the journal's stream ($JOURNAL_STREAM), else text. text: for
/// people, time and level and then `event=… key=value… text`, on stderr. json: one object per line, on stderr. journal:
/// native entries with fields (log_line.hpp); if that fails, stderr with <N> priorities.
enum class LogForm : std::uint8_t { automatic, text, journal, json };
LogForm log_form(std::string_view word);  ///< "auto" and unknown words: automatic

inline constexpr std::string_view kJournalSocket = "/run/systemd/journal/socket";
/// Called by main, and again at each reload. `level` is trace, debug, info, warn or error; anything else means info.
void set_up_log(std::string_view level, LogForm form = LogForm::automatic, std::string_view journal = kJournalSocket);
/// False, and nothing changes, if it is none of those words.
bool set_log_level(std::string_view word);

/// For events that a stranger can provoke: at most `rate` lines a second, and a burst. The next line after suppressed
/// ones says how many there were. Suppressed lines are not even formatted. Keep one object for each kind of event.
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
