#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"

namespace dw::proxy {

/// The call servers in the order that was configured, and which of them may be tried now. Each has a number for as
/// long as it is used, whatever becomes of the order. One that failed
/// rests, for twice as long after each failure, and is then tried by one connection before others follow. No
/// I/O.
class CallServers {
 public:
  static constexpr Duration kLongestRest = std::chrono::seconds(60);

  struct Server {
    HostPort name;
    bool up = true;  ///< nothing has failed since it last answered
    std::string last_error;
    TimePoint retry_at{};  ///< while it is not up
    Duration rest{};
    bool on_trial = false;             ///< one connection tries it after its rest
    unsigned phones = 0;               ///< connections to it now
    std::vector<IpAddress> addresses;  ///< of its last lookup
    TimePoint looked_up{};
    bool configured = true;  ///< false: out of the settings, and some connections still use it
  };

  CallServers(std::vector<HostPort> names, Duration first_rest);

  /// Takes another list. A server that stays keeps its number and what is known of it; one that goes keeps its
  /// number while `used` says so of it, and is picked no more.
  void configure(const std::vector<HostPort>& names, Duration first_rest,
                 const std::function<bool(std::size_t server)>& used);

  /// The first from place `from` of the order on that may be tried; one that rests only once its time has come,
  /// and then it rests anew for everyone else. Nothing: none is left.
  std::optional<std::size_t> pick(TimePoint now, std::size_t from);
  std::size_t place_of(std::size_t server) const;  ///< in the order; its end: it is out of it
  void worked(std::size_t server);
  void failed(TimePoint now, std::size_t server, std::string why);

  /// Why the last one of the list failed when it did, for a person: "pbx:2000: Connection refused, a moment
  /// ago".
  std::string last_failure() const;

  /// All that the last lookups of the configured ones gave.
  std::vector<IpAddress> addresses() const;
  const std::vector<std::size_t>& order() const { return order_; }
  Server& at(std::size_t server) { return servers_[server]; }
  /// By number; one that is neither configured nor has phones is of no interest.
  const std::vector<Server>& all() const { return servers_; }

 private:
  Duration first_rest_;
  std::vector<Server> servers_;
  std::vector<std::size_t> order_;  // numbers
};

}  // namespace dw::proxy
