#pragma once
#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace dw::nat::fast {

/// How urgent a line of the log is, as syslog(3) numbers it.
enum class Urgency { error = 3, warning = 4, notice = 5, info = 6 };

/// To stderr, for the journal.
void write_line(Urgency urgency, std::string_view text);

template <class... A>
void say(Urgency urgency, fmt::format_string<A...> format, A&&... args) {
  write_line(urgency, fmt::format(format, std::forward<A>(args)...));
}

}  // namespace dw::nat::fast
