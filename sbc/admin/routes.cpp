#include "sbc/admin/routes.hpp"

#include <algorithm>
#include <array>

namespace dw::admin {
namespace {

constexpr auto kRoutes = std::to_array<Route>({
    {"GET", "/", Need::nothing},
    {"GET", "/healthz", Need::nothing},
    {"GET", "/api/session", Need::nothing},
    {"POST", "/api/login", Need::nothing},
    {"POST", "/api/logout", Need::login},
    {"GET", "/metrics", Need::read},
    {"GET", "/api/status", Need::read},
    {"GET", "/api/phones", Need::read},
    {"GET", "/api/calls", Need::read},
    {"GET", "/api/calls/finished", Need::read},
    {"GET", "/api/admissions", Need::read},
    {"GET", "/api/doctor", Need::read},
    {"GET", "/api/connect", Need::read},
    {"GET", "/api/events", Need::read},
    {"GET", "/api/files", Need::read},
    {"GET", "/api/operations", Need::login},
    {"POST", "/api/operations", Need::act},
    {"POST", "/api/operations/{id}/begin", Need::act},
    {"POST", "/api/operations/{id}/stop", Need::act},
    {"GET", "/api/log", Need::login},
    {"GET", "/api/report", Need::login},
    {"POST", "/api/log", Need::act},
    {"POST", "/api/reload", Need::act},
    {"POST", "/api/admissions/open", Need::act},
    {"POST", "/api/admissions/close", Need::act},
    {"POST", "/api/admissions/{device}/admit", Need::act},
    {"POST", "/api/admissions/{device}/forget", Need::act},
    {"POST", "/api/phones/{device}/restart", Need::act},
    {"POST", "/api/phones/{device}/reset", Need::act},
    {"POST", "/api/phones/{device}/forget", Need::act},
    {"GET", "/api/phones/{device}/trace", Need::act},
    {"GET", "/api/phones/{device}", Need::read},
    {"POST", "/api/files/{name}/refresh", Need::act},
    {"GET", "/api/files/{name}", Need::socket},
});

bool is_at(std::string_view pattern, std::string_view path) {
  const std::size_t open = pattern.find('{');
  if (open == pattern.npos) return pattern == path;
  const std::string_view before = pattern.substr(0, open), behind = pattern.substr(pattern.find('}') + 1);
  return path.size() > before.size() + behind.size() && path.starts_with(before) && path.ends_with(behind);
}

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

Found find_route(std::string_view method, std::string_view path) {
  if (method == "HEAD") method = "GET";
  Found found;
  const auto first = std::ranges::find_if(kRoutes, [&](const Route& route) { return is_at(route.path, path); });
  if (first == kRoutes.end()) return found;
  for (const Route& route : kRoutes) {
    if (route.path != first->path) continue;
    if (route.method == method) found.route = &route;
    if (!found.allowed.empty()) found.allowed += ", ";
    found.allowed += route.method == "GET" ? "GET, HEAD" : route.method;
  }
  return found;
}

}  // namespace dw::admin
