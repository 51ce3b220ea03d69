#include "sbc/proxy/call_servers.hpp"

#include <algorithm>

namespace dw::proxy {

CallServers::CallServers(std::vector<HostPort> names, Duration first_rest) {
  configure(names, first_rest, {});
}

void CallServers::configure(const std::vector<HostPort>& names, Duration first_rest,
                            const std::function<bool(std::size_t server)>& used) {
  first_rest_ = first_rest;
  order_.clear();
  for (Server& server : servers_)
    server.configured = false;
  std::vector<const HostPort*> fresh;
  for (const HostPort& name : names) {
    const auto known = std::ranges::find(servers_, name, &Server::name);
    order_.push_back(static_cast<std::size_t>(known - servers_.begin()));
    if (known != servers_.end()) {
      known->configured = true;
    } else {
      fresh.push_back(&name);
    }
  }
  auto next = fresh.begin();
  for (std::size_t place = 0; place < order_.size(); ++place) {
    if (order_[place] < servers_.size() && servers_[order_[place]].name == names[place]) continue;
    std::size_t number = 0;  // of one that nobody uses, else a new one
    while (number < servers_.size() && (servers_[number].configured || used(number)))
      ++number;
    if (number == servers_.size()) servers_.emplace_back();
    servers_[number] = {};
    servers_[number].name = **next++;
    order_[place] = number;
  }
}

std::size_t CallServers::place_of(std::size_t server) const {
  return static_cast<std::size_t>(std::ranges::find(order_, server) - order_.begin());
}

std::optional<std::size_t> CallServers::pick(TimePoint now, std::size_t from) {
  for (std::size_t place = from; place < order_.size(); ++place) {
    const std::size_t i = order_[place];
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
  if (order_.empty()) return {};
  const Server& last = servers_[order_.back()];
  return last.name.to_string() + ": " + last.last_error + ", a moment ago";
}

std::vector<IpAddress> CallServers::addresses() const {
  std::vector<IpAddress> all;
  for (const std::size_t server : order_) {
    for (const IpAddress& address : servers_[server].addresses)
      if (std::ranges::find(all, address) == all.end()) all.push_back(address);
  }
  return all;
}

}  // namespace dw::proxy
