#include "sbc/proxy/call_servers.hpp"

#include <algorithm>

namespace dw::proxy {

CallServers::CallServers(std::vector<HostPort> names, Duration first_rest) : first_rest_(first_rest) {
  for (HostPort& name : names) {
    Server server;
    server.name = std::move(name);
    servers_.push_back(std::move(server));
  }
}

std::optional<std::size_t> CallServers::pick(TimePoint now, std::size_t from) {
  for (std::size_t i = from; i < servers_.size(); ++i) {
    Server& server = servers_[i];
    if (server.up) return i;
    if (server.retry_at > now) continue;
    server.retry_at = now + server.rest;
    server.on_trial = true;
    return i;
  }
  return std::nullopt;
}

void CallServers::worked(std::size_t server) {
  Server& s = servers_[server];
  s.up = true;
  s.on_trial = false;
  s.rest = {};
}

void CallServers::failed(TimePoint now, std::size_t server, std::string why) {
  Server& s = servers_[server];
  s.up = false;
  s.last_error = std::move(why);
  // Many connections may fail of one cause: they count once.
  if (!s.on_trial && s.rest > Duration{} && s.retry_at > now) return;
  s.on_trial = false;
  s.rest = s.rest == Duration{} ? first_rest_ : std::min(2 * s.rest, kLongestRest);
  s.retry_at = now + s.rest;
}

std::string CallServers::last_failure() const {
  if (servers_.empty()) return {};
  return servers_.back().name.to_string() + ": " + servers_.back().last_error + ", a moment ago";
}

}  // namespace dw::proxy
