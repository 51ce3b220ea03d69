#include "sbc/sccp/call_servers.hpp"

#include <algorithm>
#include <utility>

#include "sbc/base/text_cursor.hpp"

namespace dw::sccp {

CallServers::CallServers(std::vector<HostPort> names, Duration retry) {
  configure(names, retry, {});
}

void CallServers::configure(const std::vector<HostPort>& names, Duration retry,
                            const std::function<bool(std::size_t server)>& used) {
  retry_ = retry;
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

int CallServers::nearness(const Server& server, const HostPort& home) {
  if (home.host.empty()) return 0;
  const auto literal = IpAddress::parse(home.host);
  const bool there = equal_ignoring_case(server.name.host, home.host) ||
                     (literal && (IpAddress::parse(server.name.host) == *literal ||
                                  std::ranges::find(server.addresses, *literal) != server.addresses.end()));
  return !there ? 0 : server.name.port == home.port ? 2 : 1;
}

std::optional<std::size_t> CallServers::pick(std::span<const std::size_t> tried, const HostPort& home) const {
  std::optional<std::size_t> best;
  for (const std::size_t i : order_) {
    if (std::ranges::find(tried, i) != tried.end()) continue;
    const auto rank = [&](std::size_t server) {
      return std::pair(servers_[server].up, nearness(servers_[server], home));
    };
    if (!best || rank(i) > rank(*best)) best = i;
  }
  return best;
}

bool CallServers::takes(TimePoint now, std::size_t server) {
  Server& s = servers_[server];
  return (s.up && now >= s.settled_at) || s.pace.take(now);
}

std::optional<Duration> CallServers::worked(TimePoint now, std::size_t server) {
  Server& s = servers_[server];
  s.last_answer = now;
  s.next_probe = now + kIdle;
  if (s.up) return std::nullopt;
  s.up = true;
  s.last_error.clear();
  s.settled_at = now + kSettle;
  s.pace = TokenBucket(kReturnsASecond, kReturnsAtOnce);
  return now - s.down_since;
}

bool CallServers::failed(TimePoint now, std::size_t server, std::string why) {
  Server& s = servers_[server];
  const bool was_up = s.up;
  s.last_error = std::move(why);
  s.failed_at = now;
  if (!was_up) return false;
  s.up = false;
  s.down_since = now;
  s.next_probe = now + retry_;
  s.pace = TokenBucket(kTrialsASecond, kTrialsAtOnce);
  return true;
}

/// Of one that is up what it said since counts too.
TimePoint CallServers::due_at(const Server& server) const {
  if (!server.configured || !server.next_probe) return TimePoint::max();
  if (!server.up || !server.last_answer) return *server.next_probe;
  return std::max(*server.next_probe, *server.last_answer + kIdle);
}

std::optional<std::size_t> CallServers::due(TimePoint now) {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (due_at(servers_[i]) > now) continue;
    servers_[i].next_probe = now + (servers_[i].up ? kIdle : retry_);
    return i;
  }
  return std::nullopt;
}

TimePoint CallServers::next_due() const {
  TimePoint next = TimePoint::max();
  for (const Server& server : servers_)
    next = std::min(next, due_at(server));
  return next;
}

std::string CallServers::last_failure(TimePoint now) const {
  if (order_.empty()) return {};
  const Server& last = servers_[order_.back()];
  if (last.last_error.empty()) return last.name.to_string() + ": it has not answered yet";
  return last.name.to_string() + ": " + last.last_error + ", " + to_words(now - last.failed_at) + " ago";
}

std::vector<IpAddress> CallServers::addresses() const {
  std::vector<IpAddress> all;
  for (const std::size_t server : order_) {
    for (const IpAddress& address : servers_[server].addresses)
      if (std::ranges::find(all, address) == all.end()) all.push_back(address);
  }
  return all;
}

}  // namespace dw::sccp
