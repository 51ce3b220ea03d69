#pragma once
#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"
#include "sbc/base/token_bucket.hpp"

namespace dw {

/// What a FailOverList knows of each of its servers; a protocol's Server is one of these with more.
struct FailOverServer {
  static constexpr double kTrialsASecond = 10, kTrialsAtOnce = 20;  ///< of one that is down
  HostPort name;
  bool configured = true;  ///< false: no longer in the settings, but in use
  bool up = true;          ///< nothing has failed since it last answered
  std::string last_error;  ///< for a person
  TimePoint down_since{};  ///< while it is not up
  /// How often it is tried while it is down; afterwards the protocol may set another pace.
  TokenBucket pace{kTrialsASecond, kTrialsAtOnce};
};

/// Servers in the order that was configured, and which of them answer. Each has a number for as long as it is used,
/// whatever becomes of the order. No I/O.
template <class Server>
class FailOverList {
 public:
  using Used = std::function<bool(std::size_t server)>;

  /// Takes another list. `is(server, name)` says that a server is the one that a name means; such a server keeps its
  /// number and what is known of it. One that is not named any more keeps its number while it is `used`, and is not
  /// picked. False, and nothing is changed, when `max` would not hold them all.
  template <class Names, class Is>
  bool configure(const Names& names, std::size_t max, Is is, const Used& used) {
    std::vector<bool> taken(servers_.size() + names.size());
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < servers_.size(); ++i)
      taken[i] = used(i);
    for (const auto& name : names) {
      const auto known = std::ranges::find_if(servers_, [&](const Server& server) { return is(server, name); });
      order.push_back(static_cast<std::size_t>(known - servers_.begin()));
      if (known != servers_.end()) taken[order.back()] = true;
    }
    std::vector<std::size_t> fresh;
    for (std::size_t& number : order) {
      if (number < servers_.size()) continue;
      number = static_cast<std::size_t>(std::ranges::find(taken, false) - taken.begin());
      if (number >= max) return false;
      taken[number] = true;
      fresh.push_back(number);
    }
    order_ = std::move(order);
    for (Server& server : servers_)
      server.configured = false;
    for (const std::size_t number : fresh) {
      if (number >= servers_.size()) servers_.resize(number + 1);
      servers_[number] = {};
    }
    for (const std::size_t number : order_)
      servers_[number].configured = true;
    return true;
  }

  /// Of those with a rank of 0 or more, one that is up before one that is down, then the highest rank, then the first
  /// of the order.
  template <class Rank>
  std::optional<std::size_t> pick(Rank rank_of) const {
    std::optional<std::size_t> best;
    std::pair<bool, int> highest;
    for (const std::size_t i : order_) {
      const std::pair<bool, int> rank{servers_[i].up, rank_of(i)};
      if (rank.second < 0 || (best && rank <= highest)) continue;
      best = i;
      highest = rank;
    }
    return best;
  }

  /// It answered. How long it had been down, if it was.
  std::optional<Duration> worked(TimePoint now, std::size_t server) {
    Server& s = servers_[server];
    s.last_error.clear();
    if (std::exchange(s.up, true)) return std::nullopt;
    return now - s.down_since;
  }
  /// It did not answer. Whether it had been up.
  bool failed(TimePoint now, std::size_t server, std::string why) {
    Server& s = servers_[server];
    s.last_error = std::move(why);
    if (!std::exchange(s.up, false)) return false;
    s.down_since = now;
    s.pace = TokenBucket(FailOverServer::kTrialsASecond, FailOverServer::kTrialsAtOnce);
    return true;
  }

  const std::vector<std::size_t>& order() const { return order_; }  ///< numbers
  Server& operator[](std::size_t server) { return servers_[server]; }
  const Server& operator[](std::size_t server) const { return servers_[server]; }
  const std::vector<Server>& all() const { return servers_; }  ///< by number
  std::vector<Server>& all() { return servers_; }

 private:
  std::vector<Server> servers_;
  std::vector<std::size_t> order_;
};

}  // namespace dw
