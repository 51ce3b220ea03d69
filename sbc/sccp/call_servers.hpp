#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/fail_over.hpp"
#include "sbc/base/time.hpp"

namespace dw::sccp {

/// The call servers, when each is probed, and how fast phones may go to each. One that failed is probed every few
/// seconds until it answers. Phones go to it only when no other is left, and then a few a second, so that a dead
/// server costs little, and one that is back gets its phones in a steady flow. No I/O.
class CallServers {
 public:
  static constexpr Duration kIdle = std::chrono::seconds(60);          ///< one that was silent for so long is probed
  static constexpr Duration kSettle = std::chrono::seconds(60);        ///< phones come back in a flow for so long
  static constexpr double kReturnsASecond = 200, kReturnsAtOnce = 50;  ///< phones, once it is back

  struct Server : FailOverServer {
    std::optional<TimePoint> last_answer;  ///< nothing: it never did
    TimePoint failed_at{};                 ///< for the last time
    std::optional<TimePoint> next_probe;   ///< nothing while nobody has tried it
    unsigned phones = 0;                   ///< connections to it now
    std::vector<IpAddress> addresses;      ///< of its last lookup
    TimePoint looked_up{};
    TimePoint settled_at{};  ///< until then phones go to it at `pace`
  };

  CallServers(std::vector<HostPort> names, Duration retry);

  using Used = FailOverList<Server>::Used;
  /// Takes another list, see FailOverList.
  void configure(const std::vector<HostPort>& names, Duration retry, const Used& used);

  /// The first of the order that is up and not among `tried`; else the first that is down. Nothing: none is left. A
  /// server that is `home`, by name or address, comes before the others; of several, the one with its port. Port 0: the
  /// port is not known.
  std::optional<std::size_t> pick(std::span<const std::size_t> tried, const HostPort& home = {}) const;
  /// Whether one more phone may connect to it now; else the phone has to wait.
  bool takes(TimePoint now, std::size_t server);

  /// It took a connection. How long it had been down, if it was.
  std::optional<Duration> worked(TimePoint now, std::size_t server);
  /// It said something on a connection that is there.
  void heard(TimePoint now, std::size_t server) { list_[server].last_answer = now; }
  /// It did not take a connection. Whether it had been up.
  bool failed(TimePoint now, std::size_t server, std::string why);

  /// A server that is to be probed now: every `retry` while it is down, and when it has said nothing for kIdle since
  /// somebody tried it. Call until there is none.
  std::optional<std::size_t> due(TimePoint now);
  TimePoint next_due() const;

  /// Why the last one of the list failed when it did, for a person: "pbx:2000: Connection refused, 2 s ago".
  std::string last_failure(TimePoint now) const;

  /// What the last lookups of the configured servers found.
  std::vector<IpAddress> addresses() const;
  const std::vector<std::size_t>& order() const { return list_.order(); }
  Server& at(std::size_t server) { return list_[server]; }
  /// By number. One that is neither configured nor has phones is not in use.
  const std::vector<Server>& all() const { return list_.all(); }

 private:
  /// 2: it is there, 1: at another port, 0: elsewhere.
  static int nearness(const Server& server, const HostPort& home);
  TimePoint due_at(const Server& server) const;

  Duration retry_;
  FailOverList<Server> list_;
};

}  // namespace dw::sccp
