#pragma once
#include <span>
#include <string>
#include <string_view>

#include "sbc/daemon/log_event.hpp"

// The reference of all lines of the log, made from one table (log_events_*.hpp).
namespace dw::log_catalogue {

struct Part {
  std::string_view title;
  std::span<const Event> events;  ///< sorted by name
};
std::span<const Part> parts();

std::string to_text();
std::string to_markdown();
std::string to_json();
std::string to_man();  ///< dropwire-log(7)

}  // namespace dw::log_catalogue
