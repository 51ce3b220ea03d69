#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sbc/net/resolver.hpp"
#include "sbc/probe/check.hpp"

namespace dw::probe {

/// Measures the path between this box and the central side: what the router does (STUN), whether anything on the way
/// rewrites TFTP, SIP or HTTP, which services answer, and how long DNS takes. On the loop's thread; one run at a time,
/// of at most kRunWithin. A request within kFresh of its end gets the same result.
class NetworkProbe {
 public:
  static constexpr Duration kRunWithin = std::chrono::seconds(9);
  static constexpr Duration kFresh = std::chrono::minutes(1);
  static constexpr std::size_t kMaxTargets = 32;
  static constexpr std::size_t kMaxAskers = 32;  ///< callers that wait for one run; further ones get what is known

  struct Options {
    std::optional<HostPort> stun_server;
    std::vector<Target> targets;  ///< only the first kMaxTargets are used
    friend bool operator==(const Options&, const Options&) = default;
  };
  using OnFacts = std::function<void(const doctor::NetworkFacts&)>;

  NetworkProbe(net::Loop& loop, Options options);
  ~NetworkProbe();
  NetworkProbe(const NetworkProbe&) = delete;
  NetworkProbe& operator=(const NetworkProbe&) = delete;

  /// Measures, unless that was just done, and calls back: from the loop, or at once.
  void ask(OnFacts on_facts);
  /// What is known now, without measuring.
  const doctor::NetworkFacts& facts() const { return facts_; }
  bool running() const { return run_ != nullptr; }

  void configure(Options options);  ///< a current run ends with the old ones
  /// The router's own outer address, from PCP, NAT-PMP or UPnP; nothing: unknown. Returns true if it changed; then
  /// earlier measurements are no longer fresh.
  bool set_router_external(std::optional<IpAddress> address);
  void set_lifetime(std::optional<std::chrono::seconds> alive, std::optional<std::chrono::seconds> dead, WallTime at);

 private:
  struct Run;
  void begin();
  void finish();
  void keep_lifetime(doctor::NetworkFacts& facts) const;

  net::Loop& loop_;
  Options options_;
  doctor::NetworkFacts facts_;
  std::optional<TimePoint> measured_;
  std::optional<IpAddress> router_external_;
  std::unique_ptr<Run> run_;
  std::vector<OnFacts> askers_;
};

}  // namespace dw::probe
