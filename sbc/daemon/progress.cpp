#include "sbc/daemon/progress.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

namespace dw {

Progress::Progress() : terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  say({});
}

void Progress::say(const std::string& words) {
  if (!terminal_) return;
  fmt::print(stderr, "\r\x1b[K{}{}", words, words.empty() ? "" : "…");
  std::fflush(stderr);
}

}  // namespace dw
