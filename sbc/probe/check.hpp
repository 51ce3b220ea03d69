#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "sbc/net/loop.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/phones/network_facts.hpp"

namespace dw::probe {

inline constexpr Duration kCheckWithin = std::chrono::seconds(3);

/// One thing that a run of the network probe looks at. It writes what it finds into the run's facts, and says
/// when it is over; it may be destroyed at any time, and then says nothing more. `over` may destroy it.
class Check {
 public:
  virtual ~Check() = default;
};
using Over = std::function<void()>;

/// Sends a question at once, again after 500 ms, 1 s, 2 s…, and gives up kCheckWithin after it was made. Calls
/// back from the loop, `send` first from `begin`; nothing once it is stopped or destroyed.
class Tries {
 public:
  Tries(net::Loop& loop, std::function<void()> send, std::function<void()> give_up);

  void begin();
  void fail();  ///< there is nothing to send with: gives up, from the loop
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

/// What each check is told.
struct CheckContext {
  net::Loop& loop;
  phones::NetworkFacts& facts;
};

/// One service of the central side, as configured.
struct Target {
  std::string service;  ///< "tftp", "http", "https", "sccp", "sip"
  phones::Transport transport = phones::Transport::udp;
  std::string host;
  std::uint16_t port = 0;
  bool used = true;  ///< phones::Reach::used
  friend bool operator==(const Target&, const Target&) = default;
};

/// Connects; where the service is HTTP or SIP, also asks what arrives of a probe.
std::unique_ptr<Check> check_tcp(const CheckContext& context, const Target& target, const Endpoint& at, Over over);
std::unique_ptr<Check> check_sip_udp(const CheckContext& context, const Target& target, const Endpoint& at, Over over);
/// Whether a TFTP server is there, and what of a fresh port's answer comes in: `fresh_came`.
std::unique_ptr<Check> check_tftp(const CheckContext& context, const Target& target, const Endpoint& at,
                                  std::optional<bool>& fresh_came, Over over);
/// How the NAT toward a STUN server behaves; sets `one_address` when the server has but one.
std::unique_ptr<Check> check_stun(const CheckContext& context, const Target& target, const Endpoint& at, Over over);
std::unique_ptr<Check> check_hops(const CheckContext& context, const IpAddress& to, Over over);

/// Writes into `facts` the outcome of one service by one protocol, in place of what is there of it.
void note_reach(phones::NetworkFacts& facts, const Target& target, const Endpoint& at, phones::PortState state,
                std::optional<Duration> round_trip, std::string error);
/// Of what did not arrive, in the words of ICMP (net::Undelivered).
phones::PortState undelivered_state(std::string_view why);
phones::AlgProbe& alg_of(phones::NetworkFacts& facts, phones::Transport transport);

}  // namespace dw::probe
