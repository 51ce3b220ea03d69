#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sbc/admin/access.hpp"

namespace dw::admin {

/// One address of the API and what who asks there must show: what is not in this table is not answered, but for
/// the claim and the settings, which SetupDoor has.
struct Route {
  std::string_view method;  ///< "GET" (HEAD is the same) or "POST"
  std::string_view path;    ///< "{…}" stands for what is not empty, slashes included
  Need need{};
};
/// Those that are more special first.
std::span<const Route> routes();

/// What is at this path. `route` is null when nothing is there for this method; `allowed` has those that are, for 405.
struct Found {
  const Route* route = nullptr;
  std::string allowed;  ///< empty: nothing is at this path at all
};
Found find_route(std::string_view method, std::string_view path);

}  // namespace dw::admin
