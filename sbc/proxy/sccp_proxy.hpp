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

/// SCCP on TCP: accepts phones' connections, opens one to a call server for each, and puts a sccp::Session
/// between them. On the loop's thread; loop, broker and known sources outlive it. It decides nothing about the
/// protocol, yet is large: each callback of a socket, a lookup or a timer changes the same Connection and performs
/// what a core asks for. The way to a server is in sccp_proxy_server.cpp, the end in sccp_proxy_end.cpp, what it
/// reports in sccp_report.cpp.
class SccpProxy final : public net::Front {
 public:
  struct Options {
    std::vector<IpAddress> listen;
    std::uint16_t port = 2000;
    std::optional<IpAddress> advertise;          ///< to phones; none: the address they connected to
    std::optional<IpAddress> central_advertise;  ///< to servers; none: the address we connect from
    std::vector<HostPort> servers;
    std::vector<IpAddress> source_addresses;  ///< to connect to servers from; the least used one is taken
    Duration connect_timeout = std::chrono::seconds(4);
    Duration retry = std::chrono::seconds(2);
    std::size_t max_connections = 10'000;
    std::size_t max_connections_per_source = 1000;
    double connection_rate = 100;         ///< new ones a second from each source; bursts of five times that
    double registrations_per_minute = 6;  ///< of one device name by one source
    CallLimits::Options call_limits;
    bool own_lan = false;  ///< phones are on a LAN of ours: one that proves its name gets it at once
    sccp::SessionOptions session;
    friend bool operator==(const Options&, const Options&) = default;
  };
  struct Sinks {
    std::function<void(const phones::SignallingStep&)> on_step;
    std::function<void(const Call&)> on_call;  ///< called when one is over
    /// Whether this device has fetched its own configuration at this address within that time.
    std::function<bool(const std::string& device, const IpAddress&, Duration within)> took_its_config{};
    /// The call server that this device's own configuration names first. An empty host: not known.
    std::function<HostPort(const std::string& device)> home_of{};
  };
  static constexpr Duration kHangUp = std::chrono::seconds(2);        ///< for either side to close its half
  static constexpr Duration kLongestWait = std::chrono::seconds(10);  ///< of a phone until it may connect
  static constexpr std::size_t kMaxWaiting = 20'000;                  ///< phones that wait for one server
  static constexpr Duration kTurns = std::chrono::milliseconds(50);   ///< how often the queue is served
  static constexpr Duration kLookupKept = std::chrono::seconds(60);
  /// Of servers that no phone is connecting to.
  static constexpr Duration kLookedUpAgain = std::chrono::minutes(10);
  static constexpr std::size_t kMaxAddresses = 4;  ///< tried for one server's name
  /// Octets of incomplete messages and of messages that wait for a server, of all phones together; a single phone
  /// has at most 12 KiB (Admission::kMaxWaiting and a frame).
  static constexpr std::size_t kMaxHeld = std::size_t{32} << 20U;

  static Result<std::unique_ptr<SccpProxy>> start(net::Loop& loop, Options options, MediaBroker& broker,
                                                  KnownSources& known, Sinks sinks);
  ~SccpProxy() override;

  /// Takes new options, except `listen` and `port`. Existing connections stay as they are.
  void configure(Options options);
  Result<void> listen_also(const std::vector<IpAddress>& addresses) override;
  void keep_listeners(std::size_t count) override;
  std::vector<Endpoint> local() const override;
  std::vector<Call> calls() const;  ///< running
  const std::vector<sccp::CallServers::Server>& servers() const { return servers_.all(); }
  std::size_t connections() const { return live_; }
  std::size_t preserved_calls() const { return preserved_.size(); }
  std::size_t running() const override;  ///< phones in calls, preserved ones too
  /// No connection is left, which takes a moment after the last call, and no preserved call with audio from both sides.
  bool is_idle() const override { return live_ + preserved_.talking(loop_.now()) == 0; }
  std::size_t registered() const;
  void append_metrics(MetricsText& out) const override;
  /// Sends a phone Reset. Errc::not_found: it is not registered here now.
  Result<void> reset(const std::string& device, sccp::ResetType type);
  /// Accepts no more phones and disconnects those that have no call; the others once their calls are over.
  void drain() override;
  /// The home's router lets the central side in at this address, so servers get it from now on. None: no longer.
  void set_mapped(const std::optional<IpAddress>& external) { mapped_ = external; }

 private:
  struct Connection;
  /// A phone in the queue to connect to a server.
  struct Turn {
    std::size_t slot = 0;
    std::uint64_t number = 0;  ///< equal to Connection::turn while that still waits
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
  std::optional<std::uint64_t> let_go_;  // phones that were sent away while no server was up
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
  net::LogLimit lost_{20, 200};  // a site that is cut off logs many lines, all of them wanted
  std::uint64_t accepted_ = 0, turned_away_ = 0, registrations_ = 0, refusals_ = 0, superseded_ = 0, no_server_ = 0;
  std::uint64_t calls_ = 0;
};

}  // namespace dw::proxy
