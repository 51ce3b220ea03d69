#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "conf/load.hpp"

namespace dw::conf {

/// Where a value was given.
struct Place {
  std::string where;
  unsigned line = 0;
  unsigned column = 0;
  std::string to_string() const;  ///< "dropwire.toml:12", "--set", "central"
};
/// By setting name; settings that are not in it have their default.
using Places = std::map<std::string_view, Place>;

/// Checks what no single value shows: ports that collide, servers that can't be reached.
void check_together(const Config& config, const Places& places, const std::function<void(Problem)>& report);
/// Reports a daemon that would have nothing to serve. Call it only if there is no other error, as that may be the
/// reason and is what a person must see.
void check_supplied(const Config& config, const Places& places, const std::function<void(Problem)>& report);

}  // namespace dw::conf
