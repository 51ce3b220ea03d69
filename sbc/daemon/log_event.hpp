#pragma once
#include <string_view>

namespace dw::log_catalogue {

/// One event= of the log. tests/arch/check_events.sh reads these rows, and compares them with every line that is
/// logged.
struct Event {
  std::string_view name;
  std::string_view levels;  ///< by the words of log.level; where it is not always the same, "info, warn"
  std::string_view fields;  ///< in the order that a line has them; "aor?" is not in every line
  std::string_view text;    ///< what happened, what it means, and what to do where something is to be done
};

}  // namespace dw::log_catalogue
