#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "sbc/base/connection_budget.hpp"
#include "sbc/base/fair_share.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/base/source.hpp"
#include "sbc/base/time.hpp"
#include "sbc/sip/flow.hpp"
#include "sbc/sip/output.hpp"

namespace dw::sip {

/// One TCP connection, that a phone or a server made to us (`accepted`) or we to a server.
struct Connection {
  Flow flow;
  Side side = Side::access;
  bool accepted = false;
  std::size_t server = 0;
  TimePoint last_heard{};
  std::optional<Endpoint> seen{};  ///< where its server sees us, as its answers say
  TimePoint used{};                ///< to a server: when something was last sent or received
  std::optional<std::pair<IpAddress, Standing>> counts_for{};  ///< to a server: in whose share it is; none: in nobody's
};

/// All connections, and who may have one. Owns the table, the numbers, the places that phones have with us
/// (ConnectionBudget), and the connections to servers: each phone has its own there, as a real phone has (sip-sbc
/// §2.6), as far as its share goes; all others use one in common. No I/O: whoever calls opens and closes.
class Connections {
 public:
  struct Options {
    ConnectionBudget::Options from_phones;
    std::size_t to_servers = 20'000;  ///< in all, for one phone each
  };
  Connections(const Options& options, std::uint64_t phones_seed, std::uint64_t servers_seed);
  void configure(const Options& options);

  // ---- that phones and servers make to us ----

  /// Whether one from there is taken: then accepted() follows. Others may have to be closed for it.
  ConnectionBudget::Verdict may_connect(TimePoint now, const IpAddress& address, Standing standing, Output& out);
  ConnectionId accepted(TimePoint now, Side side, std::size_t server, const Endpoint& peer, const Endpoint& local);
  /// `octets` of it are buffered, no whole message yet. Where all together are too much, connections are closed.
  void holds(ConnectionId id, std::size_t octets, Output& out);
  /// It was used for a registration or a call.
  void shown(TimePoint now, ConnectionId id) { places_.shown(now, number(id)); }
  /// A phone is registered over `from_phone`, and at its server over `to_server`.
  void registered(ConnectionId from_phone, ConnectionId to_server);

  // ---- that we make to servers ----

  /// The one that `owner` has to that server at `peer`; an owner without an address: the common one.
  std::optional<Flow> to_server(TimePoint now, std::size_t server, const Endpoint& owner, const Endpoint& peer);
  /// Opens it, or gives the common one where the owner's share is used up. `place`: where to, and from which address.
  Flow open(TimePoint now, std::size_t server, const Endpoint& owner, Standing standing, const Flow& place,
            Output& out);
  void connected(TimePoint now, ConnectionId id, const Endpoint& local);
  /// Its server sees us there.
  void note_seen(ConnectionId id, const Endpoint& seen);
  /// Those for one phone each that nothing went over since `since`.
  std::unordered_set<ConnectionId> unused_since(TimePoint since) const;

  // ---- both ----

  const Connection* find(ConnectionId id) const;
  /// A flow whose connection has been closed.
  bool is_gone(const Flow& flow) const { return flow.connection != ConnectionId::none && !find(flow.connection); }
  void heard(TimePoint now, ConnectionId id);   ///< a message
  void pinged(TimePoint now, ConnectionId id);  ///< a keepalive
  /// What it was; nothing: it is not known.
  std::optional<Connection> closed(ConnectionId id);
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [id, connection] : all_)
      visit(id, connection);
  }
  std::size_t size() const { return all_.size(); }
  void append_tables(MetricsText& out) const;

 private:
  static ConnectionBudget::Id number(ConnectionId id) { return static_cast<ConnectionBudget::Id>(id); }
  static FairShare::Options share_of(const Options& options);
  Connection* at(ConnectionId id);

  std::unordered_map<ConnectionId, Connection> all_;
  ConnectionBudget places_;
  FairShare to_servers_;
  std::unordered_map<std::string, ConnectionId> by_server_;  // server, owner and peer
  std::uint64_t last_ = 0;
};

}  // namespace dw::sip
