#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/sip/central_requests.hpp"
#include "sbc/sip/fail_over.hpp"
#include "sbc/sip/failures.hpp"
#include "sbc/sip/forwarder.hpp"
#include "sbc/sip/housekeeping.hpp"
#include "sbc/sip/phone_requests.hpp"
#include "sbc/sip/proxy_parts.hpp"
#include "sbc/sip/responses.hpp"
#include "sbc/sip/start_over.hpp"

namespace dw::sip {

/// SIP between phones and central servers: a transaction-stateful, dialog-aware proxy that hides addresses (sip-sbc
/// §2). Messages, connections and time in, messages and events out; no I/O. Decides which way a message takes, and
/// which timer is due; all else is done by its parts. What it changes in a message stands in FORMAT.md.
class Proxy {
 public:
  /// `known` learns who registered, and knows what other services learnt of a source. It and the broker outlive the
  /// proxy. `random`: 64 unguessable bits.
  Proxy(ProxyOptions options, MediaBroker& broker, KnownSources& known, std::function<std::uint64_t()> random);

  // ---- what comes in ----

  /// One datagram, or one message of a stream.
  void on_message(TimePoint now, const Flow& from, Bytes octets, Output& out);
  /// Whether a phone may connect from there: then on_accepted() follows. Another connection may be closed for it.
  ConnectionBudget::Verdict may_connect(TimePoint now, const IpAddress& address, Output& out);
  ConnectionId on_accepted(TimePoint now, const Endpoint& peer, const Endpoint& local);
  void on_connected(TimePoint now, ConnectionId connection, const Endpoint& local);
  void on_connection_closed(TimePoint now, ConnectionId connection, std::string_view why, Output& out);
  /// So many octets of a connection are no whole message yet. Connections are closed where that is too much.
  void on_half_message(ConnectionId connection, std::size_t octets, Output& out);
  /// Its octets can't be cut into messages.
  void on_bad_stream(TimePoint now, const Flow& from, std::string_view why, Output& out);
  void on_ping(TimePoint now, ConnectionId connection);
  /// Failures::on_undelivered().
  void on_undelivered(TimePoint now, const Endpoint& peer, Bytes quoted, std::string_view why, Output& out);
  void on_deadline(TimePoint now, Output& out);
  TimePoint next_deadline() const;

  // ---- what is learnt elsewhere ----

  void set_server_addresses(std::size_t server, std::vector<Servers::Address> addresses);
  void server_lookup_failed(TimePoint now, std::size_t server, std::string why, Output& out);
  /// The addresses of a name in Output::lookups; none: it can't be found.
  void on_addresses(TimePoint now, const std::string& name, const std::vector<IpAddress>& addresses, Output& out);
  /// A binding of an earlier run whose `expires_at` is to come, before the first message. TCP phones are reached once
  /// they register again.
  void restore(Binding binding, TimePoint now, Output& out);
  /// From now on servers get these where they would get our own.
  void set_mapped(std::vector<Router::Mapped> mapped);

  // ---- what is wanted ----

  /// Asked for each registration, and for each request that begins something, of a phone that writes our address for
  /// its domain.
  void set_homes(HomeOf homes) { parts_.homes.ask(std::move(homes)); }
  /// How often servers are asked from now on.
  void set_ping(Duration ping) { parts_.options.ping = ping; }
  /// Takes new options. Registrations, transactions and calls go on with the servers that they are at. False, and
  /// nothing is changed, when too many servers that are out of the settings are in use (Servers::kMaxKept).
  bool configure(ProxyOptions options);
  /// Takes no more calls and registrations; those that run go on.
  void drain() { parts_.admission.drain(); }
  /// StartOver::ask().
  std::optional<std::uint64_t> ask_to_start_over(TimePoint now, const Binding& b, bool boot, Output& out) {
    return start_over_.ask(now, b, boot, out);
  }

  const ProxyParts& parts() const { return parts_; }
  Bindings& bindings() { return parts_.bindings; }
  Sources& sources() { return parts_.sources; }

 private:
  void on_request(TimePoint now, const Flow& from, Side side, std::size_t server, const Message& m, Output& out);
  /// Each thing that is done by time, in the order in which it is done.
  enum class Timer : std::uint8_t { transactions, bindings, dialogs, pings, housekeeping };
  static constexpr std::array kTimers{Timer::transactions, Timer::bindings, Timer::dialogs, Timer::pings,
                                      Timer::housekeeping};
  TimePoint due(Timer timer) const;
  void on_timer(TimePoint now, Timer timer, Output& out);

  ProxyParts parts_;
  // The ways through them.
  Forwarder forwarder_{parts_};
  FailOver fail_over_{parts_, forwarder_};
  StartOver start_over_{parts_};
  PhoneRequests phone_requests_{parts_, forwarder_, fail_over_};
  CentralRequests central_requests_{parts_, forwarder_};
  Responses responses_{parts_, forwarder_, fail_over_, start_over_};
  Failures failures_{parts_, forwarder_, fail_over_, start_over_};
  Housekeeping housekeeping_{parts_};
  Message message_;  ///< the one at hand
};

}  // namespace dw::sip
