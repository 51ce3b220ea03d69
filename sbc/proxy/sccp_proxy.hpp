#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sbc/base/call_limits.hpp"
#include "sbc/base/connection_budget.hpp"
#include "sbc/base/deadline_heap.hpp"
#include "sbc/base/known_sources.hpp"
#include "sbc/net/front.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/resolver.hpp"
#include "sbc/net/tcp_stream.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/phones/signalling.hpp"
#include "sbc/proxy/server_probes.hpp"
#include "sbc/sccp/call_servers.hpp"
#include "sbc/sccp/device_names.hpp"
#include "sbc/sccp/preserved_calls.hpp"
#include "sbc/sccp/session.hpp"

namespace dw::proxy {

/// SCCP on TCP: takes phones' connections, gives each one connection to a call server, and a sccp::Session
/// between them. On the loop's thread; loop, broker and known sources outlive it. It decides nothing about the
/// protocol, yet is large: every callback of a socket, a lookup or a timer changes the same Connection and performs
/// what a core wants of it. What it reports is in sccp_report.cpp, the way to a server in sccp_proxy_server.cpp.
class SccpProxy final : public net::Front {
 public:
  struct Options {
    std::vector<IpAddress> listen;
    std::uint16_t port = 2000;
    std::optional<IpAddress> advertise;          ///< what phones know us by; else the address they came to
    std::optional<IpAddress> central_advertise;  ///< what servers know us by; else the address we come from
    std::vector<HostPort> servers;
    std::vector<IpAddress> source_addresses;  ///< to connect to servers from: the least used
    Duration connect_timeout = std::chrono::seconds(4);
    Duration retry = std::chrono::seconds(2);
    std::size_t max_connections = 10'000;
    std::size_t max_connections_per_source = 1000;
    double connection_rate = 100;         ///< new ones a second and source; five times that at once
    double registrations_per_minute = 6;  ///< of one device name from one source
    CallLimits::Options call_limits;
    bool own_lan = false;  ///< phones stand on a LAN of ours: one that proves its name takes it at once
    sccp::SessionOptions session;
    friend bool operator==(const Options&, const Options&) = default;
  };
  struct Sinks {
    std::function<void(const phones::SignallingStep&)> on_step;
    std::function<void(const Call&)> on_call;  ///< one that is over
    /// Whether this device took its own configuration at this address within the given time.
    std::function<bool(const std::string& device, const IpAddress&, Duration within)> took_its_config{};
    /// The call server that this device's own configuration names first. An empty host: not known.
    std::function<HostPort(const std::string& device)> home_of{};
  };
  static constexpr Duration kHangUp = std::chrono::seconds(2);  ///< for either side to say that it has heard enough
  static constexpr Duration kLongestWait = std::chrono::seconds(10);  ///< of a phone, for its turn to connect
  static constexpr std::size_t kMaxWaiting = 20'000;                  ///< turns of one server that are kept
  static constexpr Duration kTurns = std::chrono::milliseconds(50);   ///< how often it is looked whose turn it is
  static constexpr Duration kLookupKept = std::chrono::seconds(60);
  /// Of servers that nobody connects to just now.
  static constexpr Duration kLookedUpAgain = std::chrono::minutes(10);
  static constexpr std::size_t kMaxAddresses = 4;  ///< tried of one server's name
  /// Octets of all phones' messages that are not complete, or wait for a server; of one phone at most 12 KiB
  /// (Admission::kMaxWaiting, a frame).
  static constexpr std::size_t kMaxHeld = std::size_t{32} << 20U;

  static Result<std::unique_ptr<SccpProxy>> start(net::Loop& loop, Options options, MediaBroker& broker,
                                                  KnownSources& known, Sinks sinks);
  ~SccpProxy() override;

  /// Takes new options for all but `listen` and `port`. Connections that are there stay as they are.
  void configure(Options options);
  Result<void> listen_also(const std::vector<IpAddress>& addresses) override;
  void keep_listeners(std::size_t count) override;
  std::vector<Endpoint> local() const override;
  std::vector<Call> calls() const;  ///< running
  const std::vector<sccp::CallServers::Server>& servers() const { return servers_.all(); }
  std::size_t connections() const { return live_; }
  std::size_t preserved_calls() const { return preserved_.size(); }
  std::size_t running() const override;  ///< phones in calls, preserved ones too
  /// No connection is left, which takes a moment after the last call, and no preserved call with somebody at both ends.
  bool is_idle() const override { return live_ + preserved_.talking(loop_.now()) == 0; }
  std::size_t registered() const;
  void append_metrics(MetricsText& out) const override;
  /// Tells a phone Reset. Errc::not_found: it is not registered here now.
  Result<void> reset(const std::string& device, sccp::ResetType type);
  /// Takes no more phones and hangs up on those that have no call; the others when theirs are over.
  void drain() override;
  /// The home's router lets the central side in at this address, so servers get it from now on. None: no longer.
  void set_mapped(const std::optional<IpAddress>& external) { mapped_ = external; }

 private:
  struct Connection;
  /// A phone that waits for its turn to connect to a server.
  struct Turn {
    std::size_t slot = 0;
    std::uint64_t number = 0;  ///< Connection::turn, if it still waits
    TimePoint until{};
  };
  SccpProxy(net::Loop& loop, Options options, MediaBroker& broker, KnownSources& known, Sinks sinks);

  void accept(net::Descriptor socket, const Endpoint& peer, const Endpoint& local);
  bool may_connect(std::size_t slot, const IpAddress& source);
  void let_go(Connection& c);
  void note_known(Connection& c);
  void perform(Connection& c, sccp::Output& out);
  void report(Connection& c, const sccp::SessionEvent& event);
  void report_step(Connection& c, SignallingEvent event, std::string detail);
  void log_event(const Connection& c, const sccp::SessionEvent& event);
  void call_over(Call call, const Connection* c = nullptr);
  void call_preserved(Connection& c, sccp::LostCall& lost);
  void look_at_preserved();
  void report_over(const sccp::PreservedCalls::Over& over);
  void give_up_silent(const Connection& other_than);
  void perform(const sccp::DeviceNames::Actions& actions);
  void supersede(Connection& old);
  void look_at_answers();
  // To the server.
  void try_next(Connection& c);
  void look_up_others();
  void no_server_left(Connection& c);
  void wait_for_turn(Connection& c);
  void look_whose_turn();
  void look_up(Connection& c);
  void connect(Connection& c);
  void server_worked(std::size_t server);
  void server_failed(std::size_t server, std::string why);
  void connect_failed(Connection& c, const std::string& why);
  void connected(Connection& c);
  IpAddress source_for(Connection& c);
  // The end.
  void phone_ended(Connection& c, bool clean, std::string_view why);
  void server_ended(Connection& c, bool clean, std::string_view why);
  void hang_up(Connection& c, sccp::ClosedBy by = sccp::ClosedBy::us);
  void forget(Connection& c);
  void give_up_name(Connection& c);
  void arm(Connection& c);
  void on_time();

  void tap(const Connection& c, WireRecord::Side side, bool sent, Bytes octets) const;

  net::Loop& loop_;
  Options options_;
  MediaBroker& broker_;
  KnownSources& known_;
  Sinks sinks_;
  std::optional<IpAddress> mapped_;
  sccp::CallServers servers_;
  std::map<std::size_t, std::pair<std::unique_ptr<net::Lookup>, TimePoint>> lookups_;  ///< since when, by server
  ServerProbes probes_;
  std::vector<std::deque<Turn>> waiting_;  // by server
  std::uint64_t last_turn_ = 0;
  net::Timer turns_timer_;
  std::optional<std::uint64_t> let_go_;  // phones, while no server can be had
  sccp::SessionCounters counters_;
  CallLimits limits_;
  std::vector<net::TcpListener> listeners_;
  std::vector<std::unique_ptr<Connection>> slots_;
  std::vector<std::size_t> free_;
  std::size_t live_ = 0;
  bool draining_ = false;
  ConnectionBudget places_;
  sccp::DeviceNames names_;
  std::unordered_map<IpAddress, std::size_t> source_use_;
  sccp::PreservedCalls preserved_;
  DeadlineHeap deadlines_;
  net::Timer timer_, preserved_timer_, names_timer_;
  TimePoint timer_at_{};
  net::LogLimit limit_, refused_, bad_;
  net::LogLimit lost_{20, 200};  // a site that is cut off is many lines, and each is wanted
  std::uint64_t accepted_ = 0, turned_away_ = 0, registrations_ = 0, refusals_ = 0, superseded_ = 0, no_server_ = 0;
  std::uint64_t calls_ = 0;
};

}  // namespace dw::proxy
