#include "sbc/sccp/call_servers.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "sbc/base/text_cursor.hpp"

namespace dw::sccp {

CallServers::CallServers(std::vector<HostPort> names, Duration retry) {
  configure(names, retry, {});
}

void CallServers::configure(const std::vector<HostPort>& names, Duration retry, const Used& used) {
  retry_ = retry;
  constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
  list_.configure(
      names, kAny, [](const Server& server, const HostPort& name) { return server.name == name; }, used);
  for (std::size_t place = 0; place < names.size(); ++place)
    list_[list_.order()[place]].name = names[place];
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
  return list_.pick(
      [&](std::size_t i) { return std::ranges::find(tried, i) != tried.end() ? -1 : nearness(list_[i], home); });
}

bool CallServers::takes(TimePoint now, std::size_t server) {
  Server& s = list_[server];
  return (s.up && now >= s.settled_at) || s.pace.take(now);
}

std::optional<Duration> CallServers::worked(TimePoint now, std::size_t server) {
  Server& s = list_[server];
  s.last_answer = now;
  s.next_probe = now + kIdle;
  const auto away = list_.worked(now, server);
  if (away) {
    s.settled_at = now + kSettle;
    s.pace = TokenBucket(kReturnsASecond, kReturnsAtOnce);
  }
  return away;
}

bool CallServers::failed(TimePoint now, std::size_t server, std::string why) {
  list_[server].failed_at = now;
  if (!list_.failed(now, server, std::move(why))) return false;
  list_[server].next_probe = now + retry_;
  return true;
}

/// Of one that is up what it said since counts too.
TimePoint CallServers::due_at(const Server& server) const {
  if (!server.configured || !server.next_probe) return TimePoint::max();
  if (!server.up || !server.last_answer) return *server.next_probe;
  return std::max(*server.next_probe, *server.last_answer + kIdle);
}

std::optional<std::size_t> CallServers::due(TimePoint now) {
  for (std::size_t i = 0; i < list_.all().size(); ++i) {
    if (due_at(list_[i]) > now) continue;
    list_[i].next_probe = now + (list_[i].up ? kIdle : retry_);
    return i;
  }
  return std::nullopt;
}

TimePoint CallServers::next_due() const {
  TimePoint next = TimePoint::max();
  for (const Server& server : list_.all())
    next = std::min(next, due_at(server));
  return next;
}

std::string CallServers::last_failure(TimePoint now) const {
  if (order().empty()) return {};
  const Server& last = list_[order().back()];
  if (last.last_error.empty()) return last.name.to_string() + ": it has not answered yet";
  return last.name.to_string() + ": " + last.last_error + ", " + to_words(now - last.failed_at) + " ago";
}

std::vector<IpAddress> CallServers::addresses() const {
  std::vector<IpAddress> all;
  for (const std::size_t server : order()) {
    for (const IpAddress& address : list_[server].addresses)
      if (std::ranges::find(all, address) == all.end()) all.push_back(address);
  }
  return all;
}

}  // namespace dw::sccp
