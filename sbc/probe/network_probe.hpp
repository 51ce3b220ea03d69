#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sbc/net/resolver.hpp"
#include "sbc/probe/check.hpp"

namespace dw::probe {

/// Measures the path between this box and the central side: what the router does (STUN), whether anything
/// rewrites TFTP, SIP or HTTP on the way, which services answer, and how long names take. On the loop's
/// thread; one run at a time, kRunWithin long at most, and whoever asks within kFresh of its end is told the
/// same.
class NetworkProbe {
 public:
  static constexpr Duration kRunWithin = std::chrono::seconds(9);
  static constexpr Duration kFresh = std::chrono::minutes(1);
  static constexpr std::size_t kMaxTargets = 32;
  static constexpr std::size_t kMaxAskers = 32;  ///< that wait for one run; more are told what is known

  struct Options {
    std::optional<HostPort> stun_server;
    std::vector<Target> targets;  ///< the first kMaxTargets count
    friend bool operator==(const Options&, const Options&) = default;
  };
  using Told = std::function<void(const phones::NetworkFacts&)>;

  NetworkProbe(net::Loop& loop, Options options);
  ~NetworkProbe();
  NetworkProbe(const NetworkProbe&) = delete;
  NetworkProbe& operator=(const NetworkProbe&) = delete;

  /// Measures, unless that was just done, and tells. Told from the loop, or at once.
  void ask(Told told);
  /// What is known without measuring.
  const phones::NetworkFacts& facts() const { return facts_; }
  bool running() const { return run_ != nullptr; }

  void configure(Options options);  ///< a run that is going on ends with the old ones
  /// The router's own outer address, as it says by PCP, NAT-PMP or UPnP; nothing: unknown. True: it is another one than
  /// it was, and what was measured is no longer fresh.
  bool set_router_external(std::optional<IpAddress> address);
  void set_lifetime(std::optional<std::chrono::seconds> alive, std::optional<std::chrono::seconds> dead, WallTime at);

 private:
  struct Run;
  void begin();
  void finish();
  void keep_lifetime(phones::NetworkFacts& facts) const;

  net::Loop& loop_;
  Options options_;
  phones::NetworkFacts facts_;
  std::optional<TimePoint> measured_;
  std::optional<IpAddress> router_external_;
  std::unique_ptr<Run> run_;
  std::vector<Told> askers_;
};

}  // namespace dw::probe
