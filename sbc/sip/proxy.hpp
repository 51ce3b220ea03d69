#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sbc/base/known_sources.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/sip/answer_ports.hpp"
#include "sbc/sip/bindings.hpp"
#include "sbc/sip/body_rewriter.hpp"
#include "sbc/sip/calls.hpp"
#include "sbc/sip/central_budget.hpp"
#include "sbc/sip/connections.hpp"
#include "sbc/sip/dialogs.hpp"
#include "sbc/sip/homes.hpp"
#include "sbc/sip/hop.hpp"
#include "sbc/sip/identifiers.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/password_guesses.hpp"
#include "sbc/sip/proxy_options.hpp"
#include "sbc/sip/registrar.hpp"
#include "sbc/sip/rewriter.hpp"
#include "sbc/sip/router.hpp"
#include "sbc/sip/sources.hpp"
#include "sbc/sip/transactions.hpp"
#include "sbc/sip/watch.hpp"

namespace dw::sip {

/// SIP between phones and central servers: a transaction-stateful, dialog-aware proxy that hides addresses (sip-sbc
/// §2). Messages, connections and time in, messages and events out; no I/O. Owns the parts, which own everything else,
/// and says in which order they meet a message. More than 30 methods, as the way of each kind of message through the
/// parts is one: from a phone, from the central side, a REGISTER, a response, a timer, a closed connection, an ICMP
/// message. The broker outlives it. What it changes in a message stands in FORMAT.md.
class Proxy {
 public:
  static constexpr std::size_t kMaxPhoneOctets = 3072;  ///< that a phone takes by UDP (cisco-provisioning §5.2)
  static constexpr std::size_t kMaxDatagram = 1300;     ///< RFC 3261 §18.1.1

  /// `known` outlives it; it learns who registered, and knows what other services learnt of a source. `random`: 64
  /// unguessable bits.
  Proxy(ProxyOptions options, MediaBroker& broker, KnownSources& known, std::function<std::uint64_t()> random);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  /// One datagram, or one message of a stream.
  void on_message(TimePoint now, const Flow& from, Bytes octets, Output& out);
  /// Whether a phone may connect from there: then on_accepted() follows. Another connection may be closed for it.
  ConnectionBudget::Verdict may_connect(TimePoint now, const IpAddress& address, Output& out);
  /// Of what came over a connection so many octets are no whole message yet. Connections are closed where that is too
  /// much.
  void on_half_message(ConnectionId connection, std::size_t octets, Output& out);
  ConnectionId on_accepted(TimePoint now, const Endpoint& peer, const Endpoint& local);
  void on_connected(TimePoint now, ConnectionId connection, const Endpoint& local);
  void on_connection_closed(TimePoint now, ConnectionId connection, std::string_view why, Output& out);
  /// Its octets can't be cut into messages.
  void on_bad_stream(TimePoint now, const Flow& from, std::string_view why, Output& out);
  void on_ping(TimePoint now, ConnectionId connection);
  /// ICMP says that a datagram to `peer` did not arrive. `quoted` is its beginning, as far as the message shows it:
  /// only whoever saw the datagram can show its branch.
  void on_undelivered(TimePoint now, const Endpoint& peer, Bytes quoted, std::string_view why, Output& out);
  void on_deadline(TimePoint now, Output& out);
  TimePoint next_deadline() const;

  void set_server_addresses(std::size_t server, std::vector<Servers::Address> addresses) {
    servers_.set_addresses(server, std::move(addresses));
  }
  void server_lookup_failed(TimePoint now, std::size_t server, std::string why, Output& out);
  /// What a name of Output::lookups was found to be; none: it can't be found.
  void on_addresses(TimePoint now, const std::string& name, const std::vector<IpAddress>& addresses, Output& out) {
    bodies_.on_addresses(now, name, addresses, out);
  }
  /// A binding of an earlier run whose `expires_at` is to come, before the first message. TCP phones are reached once
  /// they register again.
  void restore(Binding binding, TimePoint now, Output& out) { registrar_.restore(now, std::move(binding), out); }
  /// Asked for each registration, and for each request that begins something, of a phone that writes our address for
  /// its domain.
  void set_homes(HomeOf homes) { homes_.ask(std::move(homes)); }
  void drain() { draining_ = true; }
  /// How often servers are asked from now on.
  void set_ping(Duration ping) { options_.ping = ping; }

  const Router& router() const { return router_; }
  /// From now on servers get these where they would get our own.
  void set_mapped(std::vector<Router::Mapped> mapped);
  /// Asks the phone of this binding by NOTIFY to read its config and register again, or to boot. Returned: the
  /// Event::request of the Event::asked that follows; nothing: it can't be asked now.
  std::optional<std::uint64_t> ask_to_start_over(TimePoint now, const Binding& b, bool boot, Output& out);
  /// Takes new options. Registrations, transactions and calls go on with the servers that they are at. False, and
  /// nothing is changed, when too many servers that are out of the settings are in use (Servers::kMaxKept).
  bool configure(ProxyOptions options);

  Bindings& bindings() { return bindings_; }
  const Bindings& bindings() const { return bindings_; }
  const Servers& servers() const { return servers_; }
  std::vector<Call> calls(TimePoint now) const { return calls_.running(now); }
  const Sources& sources() const { return sources_; }
  Sources& sources() { return sources_; }
  /// It is the central side's, or a phone is registered from its address.
  bool knows(const Flow& from) const { return sources_.is_central(from) || bindings_.knows_source(from.peer.address); }
  std::size_t running_calls() const { return dialogs_.calls(); }
  std::size_t transactions() const { return transactions_.size(); }
  std::size_t dialog_sets() const { return dialogs_.size(); }
  void append_tables(MetricsText& out) const;  ///< what others can fill
  const ProxyCounters& counters() const { return counters_; }
  const PasswordGuesses& guesses() const { return guesses_; }
  std::uint64_t over_central_budget() const { return central_budget_.refused(); }
  std::uint64_t calls_refused() const { return calls_.refused(); }

 private:
  // proxy.cpp
  void over_central_budget(const Flow& from, Output& out);
  void on_request(TimePoint now, const Flow& from, Side side, std::size_t server, const Message& m, Output& out);
  bool takes_hop(TimePoint now, const Flow& from, Side side, const Message& m, Output& out);
  void on_ack(TimePoint now, const Flow& from, Side side, const Message& m, Output& out);
  void on_cancel(TimePoint now, const Flow& from, const Message& m, Output& out);
  void note_unheard(const Transaction& t, const Message& m, std::string text, Output& out);
  void on_repeat(TimePoint now, Transaction& t, const Message& m, Output& out);
  void answer(TimePoint now, const Message& m, const Flow& from, std::uint16_t status, Output& out,
              std::string_view lines = {}, std::string_view reason = {});
  void refuse(TimePoint now, Transaction& t, std::uint16_t status, Output& out, std::string_view lines = {});
  Transaction* begin(TimePoint now, const Flow& from, Side side, const Message& m, std::string key, Output& out);
  // proxy_phone.cpp: from phones to the central side
  void from_phone(TimePoint now, const Flow& from, const Message& m, std::string key, Output& out);
  bool is_merged(const Message& m, Side side, std::uint64_t binding, const IpAddress& phone);
  bool is_phone_of(const DialogSet& set, const Flow& from);
  bool calls_for_help(const Message& m) const;
  bool may_start(TimePoint now, const Flow& from, const Message& m, const Binding* binding, Output& out);
  void open_dialogs(TimePoint now, Transaction& t, const Message& m, const Flow& phone, const Binding* binding);
  bool forward_to_central(TimePoint now, Transaction& t, const Message& m, const Party* party, Output& out);
  static Endpoint owner_of(const Transaction& t);
  std::optional<std::uint16_t> send_to_central(TimePoint now, Transaction& t, const Message& m, Hop hop,
                                               std::string_view target, std::string_view routes, DialogSet* set,
                                               Duration answer_within, Output& out);
  void refuse_unreached(TimePoint now, Transaction& t, const Message& m, std::uint16_t status, Output& out,
                        std::string_view lines);
  void no_server_left(TimePoint now, Transaction& t, const Message& m, Output& out);
  bool forward_again(TimePoint now, Transaction& t, const Message& m, Output& out);
  bool try_next_server(TimePoint now, Transaction& t, Output& out);
  void server_failed_for(TimePoint now, Transaction& t, std::string why, Output& out);
  void give_up(TimePoint now, Transaction& t, Output& out);
  // proxy_central.cpp: from the central side to phones
  void from_central(TimePoint now, const Flow& from, std::size_t server, const Message& m, std::string key,
                    Output& out);
  void to_phone(TimePoint now, Transaction& t, const Message& m, const Party* party, Output& out);
  bool uses_place(const Endpoint& peer) const;
  void note_seen(const Transaction& t, const Message& answer);
  // proxy_register.cpp
  void on_register(TimePoint now, const Flow& from, const Message& m, std::string key, Output& out);
  bool forward_register(TimePoint now, Transaction& t, const Message& m, Output& out,
                        std::optional<std::size_t> named = std::nullopt);
  bool follow_redirect(TimePoint now, Transaction& t, const Message& m, Output& out);
  void on_register_answer(TimePoint now, Transaction& t, const Message& m, Output& out);
  // proxy_password.cpp: whose password may be tried how often
  bool may_try(TimePoint now, const Flow& from, const Message& m, std::string_view user,
               std::optional<PasswordTry>& tried, Output& out);
  void settle_try(TimePoint now, Transaction& t, const Message& m, Output& out);
  // proxy_answer.cpp: responses
  void on_response(TimePoint now, const Flow& from, const Message& m, Output& out);
  void forward_response(TimePoint now, Transaction& t, const Message& m, Output& out);
  void note_answer(TimePoint now, Transaction& t, const Message& m, Output& out);
  void on_timeout(TimePoint now, Transaction& t, Transactions::Timeout timeout, Output& out);
  void on_timer_c(TimePoint now, Transaction& t, DialogSet* set, Output& out);
  void cancel(TimePoint now, Transaction& t, Output& out);
  // proxy_phone.cpp, proxy_answer.cpp: what goes on, and what can't
  std::uint16_t build_request(TimePoint now, Transaction& t, const Message& m, const Hop& hop, std::string_view target,
                              std::string_view routes, DialogSet* set, std::string& text, Output& out);
  bool is_ours(std::string_view host, const Flow& phone) const { return names_us(host, phone, options_.advertise); }
  void refuse_answer(TimePoint now, Transaction& t, const Message& m, const Hop& back, std::uint16_t status,
                     Output& out);
  void hang_up(TimePoint now, Transaction& t, const Message& m, const Hop& back, Output& out);
  void on_start_over_answer(const Transaction& t, std::uint16_t status, Output& out);
  bool uses_server(std::size_t server) const;
  // proxy_own.cpp: what is due, our own requests, closed connections
  /// Each thing that is done by time, in the order in which it is done.
  enum class Timer : std::uint8_t { transactions, bindings, dialogs, pings, look_around };
  static constexpr std::array kTimers{Timer::transactions, Timer::bindings, Timer::dialogs, Timer::pings,
                                      Timer::look_around};
  TimePoint due(Timer timer) const;
  void on_timer(TimePoint now, Timer timer, Output& out);
  void undelivered_to_central(TimePoint now, Transaction& t, Output& out);
  void undelivered_to_phone(TimePoint now, Transaction& t, Output& out);
  void look_around(TimePoint now, Output& out);
  void close_idle_to_servers(TimePoint now, Output& out);
  void note_alarm(const Flow& from, const Message& m, const Binding* binding, Output& out);
  void note_altered(const Flow& from, const Message& m, Output& out);

  ProxyOptions options_;
  ProxyCounters counters_;
  MediaBroker& broker_;
  KnownSources& known_;
  Identifiers identifiers_;  ///< branches, tags, tokens
  // Tables.
  Servers servers_;
  CentralBudget central_budget_;
  PasswordGuesses guesses_;
  Bindings bindings_;
  Dialogs dialogs_;
  Transactions transactions_;
  Connections connections_;
  AnswerPorts answer_ports_;
  // What is done with them.
  Rewriter rewriter_;                  ///< headers
  Calls calls_;                        ///< for people
  BodyRewriter bodies_;                ///< offers and answers
  Sources sources_;                    ///< who sent it
  Homes homes_;                        ///< which domain is meant
  Router router_;                      ///< where it goes
  Registrar registrar_;                ///< REGISTER
  Watch watch_;                        ///< who is there
  TokenBucket probe_answers_{10, 20};  ///< a second, to all sources
  TimePoint look_around_at_{};
  bool draining_ = false;
  Message message_;  ///< the one at hand
  Message other_;    ///< a stored request, parsed again
};

}  // namespace dw::sip
