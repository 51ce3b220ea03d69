#pragma once
#include <spdlog/spdlog.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "sbc/base/escape.hpp"
#include "sbc/base/token_bucket.hpp"

namespace dw::net {

/// How every line looks: `event=… key=value… text`. Set up once by main: stderr, one line an event, with a
/// time stamp for people or the journal's <N> priority prefix when $JOURNAL_STREAM says so. `level` is one of
/// trace, debug, info, warn, error; anything else is info.
void set_up_log(std::string_view level);

/// For what a stranger can provoke: at most `rate` lines a second and a burst; when lines were left out, the
/// next one that passes tells how many. A line that is left out is not even formatted. Keep one per kind of
/// event.
class LogLimit {
 public:
  explicit LogLimit(double rate = 1.0, double burst = 10.0) : bucket_(rate, burst) {}
  template <class... A>
  void warn(fmt::format_string<A...> format, A&&... args) {
    if (passes(spdlog::level::warn))
      write(spdlog::level::warn, fmt::format(format, std::forward<A>(args)...));
  }
  template <class... A>
  void info(fmt::format_string<A...> format, A&&... args) {
    if (passes(spdlog::level::info))
      write(spdlog::level::info, fmt::format(format, std::forward<A>(args)...));
  }

 private:
  bool passes(spdlog::level::level_enum level);
  void write(spdlog::level::level_enum level, std::string line);
  TokenBucket bucket_;
  std::uint64_t left_out_ = 0;
};

}  // namespace dw::net
