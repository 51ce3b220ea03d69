#pragma once
#include <string_view>

namespace dw::log_catalogue {

/// One event= of the log. tests/arch/check_events.sh reads these rows, and compares them with every line that is
/// logged.
struct Event {
  std::string_view name;
  std::string_view levels;  ///< as in log.level; more than one if it varies: "info, warn"
  std::string_view fields;  ///< in their order in the line; "aor?" is not in every line
  std::string_view text;    ///< what happened, what it means, and what to do about it
};

}  // namespace dw::log_catalogue
