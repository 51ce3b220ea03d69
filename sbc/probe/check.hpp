#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "sbc/doctor/network_facts.hpp"
#include "sbc/net/loop.hpp"
#include "sbc/net/timer.hpp"

namespace dw::probe {

inline constexpr Duration kCheckWithin = std::chrono::seconds(3);

/// One part of a run of the network probe. It writes its results into the run's facts and calls `over` at the end,
/// which may destroy it. It may be destroyed at any time, and then calls nothing.
class Check {
 public:
  virtual ~Check() = default;
};
using Over = std::function<void()>;

/// Sends a request at once, again after 500 ms, 1 s, 2 s…, and gives up kCheckWithin after its construction. Calls back
/// from the loop, except for the first `send`, which `begin` calls; nothing once it is stopped or destroyed.
class Tries {
 public:
  Tries(net::Loop& loop, std::function<void()> send, std::function<void()> give_up);

  void begin();
  void fail();  ///< nothing can be sent: gives up, from the loop
  void stop() { timer_.cancel(); }

 private:
  void on_time();

  net::Loop& loop_;
  std::function<void()> send_, give_up_;
  Duration pause_ = std::chrono::milliseconds(500);
  TimePoint until_;
  bool failed_ = false;
  net::Timer timer_;
};

/// What all checks share.
struct CheckContext {
  net::Loop& loop;
  doctor::NetworkFacts& facts;
};

/// One service on the central side, as configured.
struct Target {
  std::string service;  ///< "tftp", "http", "https", "sccp", "sip"
  doctor::Transport transport = doctor::Transport::udp;
  std::string host;
  std::uint16_t port = 0;
  bool used = true;  ///< doctor::Reach::used
  friend bool operator==(const Target&, const Target&) = default;
};

/// Connects. For HTTP and SIP it also sends a probe, whose answer shows what arrived there.
std::unique_ptr<Check> check_tcp(const CheckContext& context, const Target& target, const Endpoint& at, Over over);
std::unique_ptr<Check> check_sip_udp(const CheckContext& context, const Target& target, const Endpoint& at, Over over);
/// Whether a TFTP server is there, and whether its answer from a fresh port gets through: `fresh_came`.
std::unique_ptr<Check> check_tftp(const CheckContext& context, const Target& target, const Endpoint& at,
                                  std::optional<bool>& fresh_came, Over over);
/// How the NAT on the way to a STUN server behaves; sets `one_address` if the server has only one.
std::unique_ptr<Check> check_stun(const CheckContext& context, const Target& target, const Endpoint& at, Over over);
std::unique_ptr<Check> check_hops(const CheckContext& context, const IpAddress& to, Over over);

/// Writes the result for one service and protocol into `facts`, replacing an earlier one.
void note_reach(doctor::NetworkFacts& facts, const Target& target, const Endpoint& at, doctor::PortState state,
                std::optional<Duration> round_trip, std::string error);
/// The state that an ICMP error stands for; `why` is net::Undelivered's.
doctor::PortState undelivered_state(std::string_view why);
doctor::AlgProbe& alg_of(doctor::NetworkFacts& facts, doctor::Transport transport);

}  // namespace dw::probe
