#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sbc/admin/access.hpp"

namespace dw::admin {

/// One path of the API and what a client must present there. A path that is not in this table is not answered, except
/// the claim and the settings, which SetupDoor handles.
struct Route {
  std::string_view method;  ///< "GET" (HEAD is the same) or "POST"
  std::string_view path;    ///< "{…}" stands for any text that is not empty, slashes included
  Need need{};
};
/// More specific ones come first.
std::span<const Route> routes();

/// The result of a lookup. `route` is null if nothing is at this path for this method; `allowed` then lists the
/// methods, for the 405.
struct Found {
  const Route* route = nullptr;
  std::string allowed;  ///< empty: the path does not exist
};
Found find_route(std::string_view method, std::string_view path);

}  // namespace dw::admin
