#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sbc/base/fair_share.hpp"
#include "sbc/base/known_sources.hpp"
#include "sbc/net/datagram_socket.hpp"
#include "sbc/net/front.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/sip_lookup.hpp"
#include "sbc/net/tcp_stream.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/phones/phone.hpp"
#include "sbc/phones/signalling.hpp"
#include "sbc/proxy/sip_report.hpp"
#include "sbc/proxy/sip_store.hpp"
#include "sbc/proxy/sip_stun.hpp"
#include "sbc/sip/proxy.hpp"
#include "sbc/sip/stream.hpp"

namespace dw::proxy {

/// SIP on UDP and TCP, access side and central side on one port: sockets, connections and lookups around a
/// sip::Proxy. On the loop's thread; loop, broker and `known` outlive it. More than 30 methods, each a few lines: each
/// socket, connection and lookup has its callback, and all of them fill one Output that perform() empties.
class SipProxy final : public net::Front {
 public:
  struct Options {
    std::vector<IpAddress> listen;
    std::uint16_t port = 5060;  ///< UDP and TCP; 0: any that is free for both
    sip::ProxyOptions proxy;
    Duration connect_timeout = std::chrono::seconds(4);
    std::string state_dir;  ///< where bindings are kept; empty: nowhere
    net::SipResolver::Options resolver;
  };
  struct Sinks {
    std::function<void(const phones::SignallingStep&)> on_step;
    std::function<void(const Call&)> on_call;                       ///< called when one is over
    std::function<void(const sip::Router::Outside&)> on_outside{};  ///< called when it has changed
    std::function<void()> on_heard{};  ///< called when heard_through_router() may have changed
  };
  static constexpr std::size_t kMaxDatagram = 65'527;  ///< octets: what UDP carries (RFC 768, RFC 8200)
  static constexpr std::size_t kMaxAddresses = 4;      ///< tried for one server
  static constexpr std::size_t kMaxAsked = 64;         ///< requests to start over that phones have not answered yet

  static Result<std::unique_ptr<SipProxy>> start(net::Loop& loop, Options options, MediaBroker& broker,
                                                 KnownSources& known, Sinks sinks);
  ~SipProxy() override;

  /// Takes new options, except `listen`, `port`, `state_dir` and `resolver`. Registrations, calls and connections
  /// stay as they are. False: nothing was changed; sip::Proxy::configure says when.
  bool configure(Options options);
  Result<void> listen_also(const std::vector<IpAddress>& addresses) override;
  void keep_listeners(std::size_t count) override;
  std::vector<Endpoint> local() const override;  ///< those that only face servers too
  std::vector<Call> calls() const;               ///< running
  const std::vector<sip::Servers::Server>& servers() const { return core_.parts().servers.all(); }
  const sip::Servers& central() const { return core_.parts().servers; }
  /// To be called before the first message: sip::Proxy::set_homes.
  void set_homes(sip::HomeOf homes) { core_.set_homes(std::move(homes)); }
  std::size_t phones_at(std::size_t server) const;
  std::vector<sip::Guard::Ban> bans() const { return core_.parts().sources.guard().bans(loop_.now()); }
  std::size_t registered() const { return core_.parts().bindings.size(); }
  std::size_t running() const override { return core_.parts().dialogs.calls(); }
  void append_metrics(MetricsText& out) const override;
  /// Asks a registered phone by NOTIFY to boot (`boot`) or to register again. `done` gets the status of its answer, 0
  /// if there was none. Errc::not_found: no line of it is registered now; exhausted; unavailable.
  Result<void> start_over(const phones::Phone& phone, bool boot, std::function<void(std::uint16_t status)> done);
  /// Accepts no new calls and registrations; existing ones go on.
  void drain() override { core_.drain(); }
  void set_ping(Duration ping) { core_.set_ping(ping); }
  void set_mapped(std::vector<sip::Router::Mapped> mapped) { core_.set_mapped(std::move(mapped)); }
  sip::Sources::Heard heard_through_router() const { return core_.parts().sources.heard_through_router(); }
  TimePoint last_stranger() const { return core_.parts().sources.last_stranger(); }

 private:
  struct Connection {
    net::TcpStream stream;
    sip::StreamFramer framer;
    sip::Flow flow;
    bool accepted = false;
    bool connected = false;
    Buffer waiting;     ///< until it is connected; at most TcpStream::kMaxQueued
    TimePoint until{};  ///< the deadline for the connection
  };
  struct Lookup {
    std::unique_ptr<net::SipLookup> lookup;
    std::unique_ptr<net::Timer> again;
  };
  SipProxy(net::Loop& loop, Options options, MediaBroker& broker, KnownSources& known, Sinks sinks);

  Result<void> listen(const IpAddress& address);
  Result<std::uint16_t> listen_at(const Endpoint& where);
  bool may_ask(const sip::Flow& from);
  void look_at_lan();
  void on_datagrams(std::size_t socket, std::span<const net::Datagram> datagrams);
  void on_undelivered(const net::Undelivered& undelivered);
  void accept(net::Descriptor socket, const Endpoint& peer, const Endpoint& local);
  void on_octets(sip::ConnectionId id, Bytes octets);
  void connected(sip::ConnectionId id);
  void ended(sip::ConnectionId id, std::string why);
  void connect(const sip::Output::Connect& wanted);
  void look_up_servers();
  void look_up(std::size_t server);
  void found(std::size_t server, Result<net::SipTargets> targets);
  void look_up_media(const std::string& name);
  std::optional<Endpoint> local_toward(const Endpoint& peer);
  void perform();
  void send(const sip::Flow& to, Bytes octets);
  void arm();
  void on_time();
  void tap(const sip::Flow& flow, bool sent, Bytes octets) const;

  net::Loop& loop_;
  Options options_;
  Sinks sinks_;
  std::optional<sip::Router::Outside> outside_;
  sip::Proxy core_;
  SipReport report_;
  net::LogLimit& limit_;  ///< the report's
  SipStun stun_;
  std::unique_ptr<SipStore> store_;
  net::SipResolver resolver_;
  std::vector<net::DatagramSocket> sockets_;
  std::vector<net::TcpListener> listeners_;
  std::unordered_map<sip::ConnectionId, Connection> connections_;
  std::vector<sip::ConnectionId> connecting_;
  std::vector<Lookup> lookups_;
  /// Host names in SDP; the core limits how many at a time.
  std::unordered_map<std::string, std::unique_ptr<net::SipLookup>> media_lookups_;
  std::unordered_map<std::uint64_t, std::function<void(std::uint16_t)>> asked_;  // by sip::Event::request
  sip::Output out_;
  std::vector<std::pair<sip::ConnectionId, std::string>> ended_;  ///< closed, which the core does not know yet
  bool performing_ = false;
  net::Timer timer_;
  TimePoint timer_at_ = TimePoint::max();
  std::uint64_t accepted_ = 0, turned_away_ = 0, truncated_ = 0;
};

}  // namespace dw::proxy
