#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"

namespace dw::proxy {

/// The call servers in the order that was configured, and which of them may be tried now. One that failed
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
  };

  CallServers(std::vector<HostPort> names, Duration first_rest);

  /// The first from `from` on that may be tried; one that rests only once its time has come, and then it
  /// rests anew for everyone else. Nothing: none is left.
  std::optional<std::size_t> pick(TimePoint now, std::size_t from);
  void worked(std::size_t server);
  void failed(TimePoint now, std::size_t server, std::string why);

  /// Why the last one of the list failed when it did, for a person: "pbx:2000: Connection refused, a moment
  /// ago".
  std::string last_failure() const;

  Server& at(std::size_t server) { return servers_[server]; }
  const std::vector<Server>& all() const { return servers_; }

 private:
  Duration first_rest_;
  std::vector<Server> servers_;
};

}  // namespace dw::proxy
