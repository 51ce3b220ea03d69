#pragma once
#include <memory>
#include <optional>
#include <string>

#include "nat/core/stun/lifetime_probe.hpp"
#include "sbc/net/resolver.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/probe/stun_sockets.hpp"

namespace dw::probe {

/// The result of one measurement, as it is stored.
struct Lifetime {
  std::string server;  ///< "pbx.example.net:3478"
  std::chrono::seconds alive{};
  std::optional<std::chrono::seconds> dead;
  WallTime at{};
  friend bool operator==(const Lifetime&, const Lifetime&) = default;
};
/// To one line of text, and back. Errc::malformed.
std::string to_line(const Lifetime& lifetime);
Result<Lifetime> parse_lifetime(std::string_view line);

/// Measures in the background, once a day, how long a UDP mapping toward the STUN server lives, and keeps the result in
/// the state directory across restarts. On the loop's thread.
class LifetimeWatch {
 public:
  static constexpr Duration kFirstAfter = std::chrono::seconds(1);
  static constexpr Duration kEach = std::chrono::hours(24);
  static constexpr Duration kAgainAfterFailure = std::chrono::hours(1);
  static constexpr std::size_t kMaxLine = 512;

  using OnResult = std::function<void(const Lifetime&)>;
  /// Calls `on_result` at once with the stored result for this server, if any, and then with each new one.
  LifetimeWatch(net::Loop& loop, const HostPort& server, std::string state_dir, OnResult on_result);

 private:
  void begin();
  void begin_at(const Endpoint& server);
  void on_time();
  void after(const std::vector<nat::StunSend>& sends);
  void finish();
  void recall();
  void remember(const Lifetime& lifetime) const;
  std::string file() const { return state_dir_ + "/mapping-lifetime"; }

  net::Loop& loop_;
  HostPort server_;
  std::string state_dir_;
  OnResult on_result_;
  net::Timer timer_;
  std::optional<net::Lookup> lookup_;
  std::optional<nat::LifetimeProbe> probe_;
  std::unique_ptr<StunSockets> sockets_;
};

}  // namespace dw::probe
