#include "sbc/sip/proxy.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/events.hpp"
#include "sbc/sip/keepalive.hpp"
#include "sbc/sip/probe.hpp"
#include "sbc/sip/response.hpp"
#include "sbc/sip/via_check.hpp"

namespace dw::sip {
namespace {

constexpr unsigned kRepeatsBeforeOtherPort = 3;  // sip-sbc §2.4
constexpr std::string_view kOptionsLines =
    "Accept: application/sdp\r\n"
    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, INFO, REFER, SUBSCRIBE, NOTIFY, "
    "MESSAGE, "
    "PUBLISH\r\n";

std::size_t max_dialogs(const ProxyOptions& options) {
  return options.max_calls + 4 * options.max_bindings;
}

Connections::Options connections_of(const ProxyOptions& options) {
  return {options.connections, options.max_bindings};
}

}  // namespace

Proxy::Proxy(ProxyOptions options, MediaBroker& broker, KnownSources& known, std::function<std::uint64_t()> random)
    : options_(std::move(options)),
      broker_(broker),
      known_(known),
      identifiers_(std::move(random)),
      servers_(options_.servers, options_.register_rate),
      guesses_(identifiers_.random()),
      bindings_(options_.max_bindings, identifiers_.random()),
      dialogs_(max_dialogs(options_), identifiers_.random()),
      transactions_({options_.max_transactions, options_.max_transactions_per_source}, identifiers_.random(),
                    [this](TimePoint now, const Transaction& t) {
                      // What is sent again to a silent server counts too: else it would get all of it once it returns.
                      return !t.registering || servers_[t.central_server].registers.take(now);
                    }),
      connections_(connections_of(options_), identifiers_.random(), identifiers_.random()),
      answer_ports_(identifiers_.random()),
      rewriter_(options_, servers_, bindings_),
      calls_(options_, dialogs_, bindings_, broker_, counters_, identifiers_.random()),
      bodies_({options_, servers_, dialogs_, calls_, broker_, counters_}),
      sources_(options_, servers_, bindings_, connections_, known_, identifiers_.random()),
      homes_(options_, servers_, bindings_),
      router_(options_, servers_, bindings_, connections_, sources_),
      registrar_(
          {options_, servers_, bindings_, connections_, sources_, transactions_, known_, identifiers_, counters_}),
      watch_({options_, servers_, bindings_, transactions_, router_, identifiers_, homes_}) {}

bool Proxy::configure(ProxyOptions options) {
  if (!servers_.configure(options.servers, options.register_rate,
                          [this](std::size_t server) { return uses_server(server); }))
    return false;
  options_ = std::move(options);
  homes_.configure();
  sources_.configure();
  bindings_.set_max(options_.max_bindings);
  dialogs_.set_max(max_dialogs(options_));
  calls_.configure();
  connections_.configure(connections_of(options_));
  transactions_.configure({options_.max_transactions, options_.max_transactions_per_source});
  return true;
}

void Proxy::set_mapped(std::vector<Router::Mapped> mapped) {
  if (router_.set_mapped(std::move(mapped))) registrar_.ask_server_again([](const Binding&) { return true; });
}

bool Proxy::uses_server(std::size_t server) const {
  bool used = false;
  bindings_.for_each([&](const Binding& b) { used = used || b.server == server; });
  dialogs_.for_each([&](const DialogSet& set) { used = used || set.server == server; });
  transactions_.for_each([&](const Transaction& t) { used = used || t.central_server == server; });
  connections_.for_each([&](ConnectionId, const Connection& c) { used = used || (!c.accepted && c.server == server); });
  return used;
}

bool Proxy::uses_place(const Endpoint& peer) const {
  bool used = false;
  const auto look = [&](const Party& party) {
    used = used || (party.place && party.place->peer.address == peer.address);
  };
  dialogs_.for_each([&](const DialogSet& set) {
    look(set.initiator_party);
    for (const DialogSet::Dialog& dialog : set.dialogs)
      look(dialog.responder);
  });
  transactions_.for_each([&](const Transaction& t) { used = used || t.client.to.peer == peer; });
  return used;
}

Proxy::~Proxy() {
  dialogs_.for_each([this](DialogSet& set) { set.media.close(broker_, MediaEnd::lost); });
}

void Proxy::on_message(TimePoint now, const Flow& from, Bytes octets, Output& out) {
  const auto server = sources_.server_of(from);
  const Side side = server ? Side::central : Side::access;
  if (from.connection != ConnectionId::none) connections_.heard(now, from.connection);
  if (side == Side::access && !sources_.hears(from)) {
    ++counters_.outside;
    return sources_.not_heard(now, from, out);
  }
  bool over_rate = false;
  const bool other_port = side == Side::access && sources_.is_other_port_of_server(from);
  if (other_port) {
    if (!as_text(octets).starts_with("SIP/2.0 ")) {
      ++counters_.other_port;
      return sources_.refuse_other_port(now, from, out);
    }
  } else if (side == Side::access) {
    ++counters_.from_phones;
    const Standing standing = sources_.standing(now, from.peer.address);
    over_rate = !sources_.guard().admits(now, from, standing);
    if (over_rate && !(standing == Standing::registered && as_text(octets).starts_with("INVITE "))) return;
  } else {
    ++counters_.from_central;
  }
  const auto ok = message_.parse(octets);
  if (over_rate && !(ok && message_.is_request() && calls_for_help(message_))) return;
  if (!ok) {
    if (is_keepalive(octets)) return;
    ++counters_.malformed;
    if (other_port) {
      ++counters_.other_port;
      return sources_.refuse_other_port(now, from, out);
    }
    if (side == Side::access) sources_.abuse(now, from, ok.error().text, out);
    out.events.push_back(event_of(Event::Kind::dropped, from, ok.error().text));
    return;
  }
  if (!message_.is_request()) return on_response(now, from, message_, out);
  on_request(now, from, side, server.value_or(0), message_, out);
}

void Proxy::on_request(TimePoint now, const Flow& from, Side side, std::size_t server, const Message& m, Output& out) {
  if (side == Side::access && sources_.guard().is_scanner(m.value_of(FieldName::user_agent)))
    return sources_.abuse(now, from, "a scanner: " + std::string(m.value_of(FieldName::user_agent)), out);
  if (m.method() == Method::ack) return on_ack(now, from, side, m, out);
  if (m.method() == Method::cancel) return on_cancel(now, from, m, out);
  std::string key = server_key(m, from.peer.address, m.method_text());
  if (Transaction* const t = transactions_.find_server(key)) return on_repeat(now, *t, m, out);
  if (!takes_hop(now, from, side, m, out)) return;
  if (side == Side::access) {
    from_phone(now, from, m, std::move(key), out);
  } else {
    from_central(now, from, server, m, std::move(key), out);
  }
}

/// What is answered here before anybody looks where it goes (RFC 3261 §16.3). A source without a registered
/// phone gets no answer, except to REGISTER and to what may become a call.
bool Proxy::takes_hop(TimePoint now, const Flow& from, Side side, const Message& m, Output& out) {
  const bool known = side == Side::central || bindings_.knows_source(from.peer.address);
  if (const auto fault = check_request(m)) {
    ++counters_.malformed;
    const std::string lines = fault->status == 420
                                  ? "Unsupported: " + std::string(m.value_of(FieldName::proxy_require)) + "\r\n"
                                  : std::string();
    if (known || sources_.takes_unregistered(from)) {
      answer(now, m, from, fault->status, out, lines, fault->reason);
    } else {
      sources_.abuse(now, from, fault->reason, out);
    }
    out.events.push_back(event_of(Event::Kind::dropped, from, std::string(fault->reason)));
    return false;
  }
  const bool options = m.method() == Method::options;
  const auto& uri = m.uri();
  const bool for_us = options && m.to_tag().empty() && uri->is_sip() && uri->user.empty();
  if (for_us && is_probe(m)) {
    if (probe_answers_.take(now)) answer(now, m, from, 200, out, probe_lines(m));
    return false;
  }
  if (options && side == Side::access && !known && !sources_.takes_unregistered(from)) {
    // An edge asks before any phone of it is registered; others hear nothing, and those that look for phones
    // are remembered.
    if (for_us && is_unaltered(m) == true)
      answer(now, m, from, 200, out, kOptionsLines);
    else if (!for_us)
      sources_.abuse(now, from, "OPTIONS of a stranger", out);
    return false;
  }
  if (for_us || (options && m.max_forwards() == 0u)) {
    answer(now, m, from, 200, out, kOptionsLines);
    return false;
  }
  if (m.max_forwards() == 0u) {
    answer(now, m, from, 483, out);
    return false;
  }
  // RFC 5393 §5.3.3: what goes on is one branch, with the value as it came; 0 allows none.
  if (const Field* const breadth = m.find(FieldName::max_breadth);
      breadth && parse_number(m.value(*breadth), 0) == 0u) {
    answer(now, m, from, 440, out, {}, "Max-Breadth Exceeded");
    return false;
  }
  if (identifiers_.is_loop(m, other(side))) {
    answer(now, m, from, 482, out);
    return false;
  }
  return true;
}

Transaction* Proxy::begin(TimePoint now, const Flow& from, Side side, const Message& m, std::string key, Output& out) {
  Transaction* const t = side == Side::access
                             ? transactions_.begin_for(m, from, sources_.standing(now, from.peer.address),
                                                       std::move(key), calls_for_help(m))
                             : transactions_.begin(m.method(), std::move(key));
  if (!t) {
    ++counters_.refused;
    answer(now, m, from, 503, out, "Retry-After: 10\r\n");
    return nullptr;
  }
  t->from_side = side;
  t->server.from = from;
  t->server.answer_to = answer_ports_.of(now, sources_.standing(now, from.peer.address), m, from);
  if (side == Side::central) t->server.request = m.text();
  return t;
}

void Proxy::note_unheard(const Transaction& t, const Message& m, std::string text, Output& out) {
  const auto& uri = m.from_uri();
  const Binding* const b = bindings_.of_phone(t.server.from, words_of(m));
  const bool its_own = b && uri && is_same_user(b->user, uri->user);
  Event event = its_own ? event_of(Event::Kind::unheard, *b) : event_of(Event::Kind::unheard, t.server.from, {});
  if (uri) event.aor = plain_user(uri->user);
  if (const Field* const contact = m.find(FieldName::contact); contact && event.device.empty()) {
    if (const auto address = parse_name_addr(m.value(*contact))) event.device = device_of(address->params);
  }
  event.text = std::move(text);
  event.user_agent = m.value_of(FieldName::user_agent).substr(0, 128);
  out.events.push_back(std::move(event));
}

/// A phone that listens elsewhere than we answer repeats its request until it gives up (sip-sbc §2.4); so does one that
/// can't take an answer as large as it is.
void Proxy::on_repeat(TimePoint now, Transaction& t, const Message& m, Output& out) {
  ++counters_.repeated;
  const bool unheard = t.server.on_repeat(now) && t.server.repeats % kRepeatsBeforeOtherPort == 0 &&
                       t.server.from.transport == Transport::udp && t.from_side == Side::access;
  if (unheard && t.server.response.size() > kMaxPhoneOctets) {
    note_unheard(
        t, m,
        fmt::format("an answer of {} bytes is more than phones take by UDP; TCP takes it", t.server.response.size()),
        out);
  } else if (const Endpoint before = t.server.answer_to; unheard) {
    const Standing standing = sources_.standing(now, t.server.from.peer.address);
    if (const auto other = answer_ports_.try_other(now, standing, m, t.server.from, before)) {
      t.server.answer_to = *other;
      note_unheard(t, m, fmt::format("answers went to port {}, now to port {}", before.port, other->port), out);
    }
  }
  t.server.respond_again(out);
}

void Proxy::on_cancel(TimePoint now, const Flow& from, const Message& m, Output& out) {
  Transaction* const t = transactions_.find_server(server_key(m, from.peer.address, "INVITE"));
  if (!t) {
    if (knows(from)) answer(now, m, from, 481, out);
    return;
  }
  // It goes where the answers to its INVITE go.
  out.send(t->server.to_sender(), make_response(m, from, 200, "OK", {}));
  if (t->server.status >= 200) return;
  t->client.cancelled = true;
  if (!t->client.cancel_sent)
    t->client.cancel_fields = cancel_fields(m, t->from_side == Side::access ? &options_.identity : nullptr);
  // The server rang several phones of ours: that one of them took the call we know ourselves.
  DialogSet* const set = t->dialogs != 0 ? dialogs_.by_id(t->dialogs) : nullptr;
  if (set && !m.find(FieldName::reason) && dialogs_.is_answered_elsewhere(*set))
    t->client.cancel_fields += "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n";
  if (t->client.may_cancel() && !t->client.cancel_sent) cancel(now, *t, out);
}

void Proxy::over_central_budget(const Flow& from, Output& out) {
  out.events.push_back(
      event_of(Event::Kind::dropped, from, "more requests in the name of a central server than servers send"));
}

/// RFC 3261 §16.7: a tag of ours, the same each time, as we keep nothing of what we answer like this.
void Proxy::answer(TimePoint now, const Message& m, const Flow& from, std::uint16_t status, Output& out,
                   std::string_view lines, std::string_view reason) {
  if (m.method() == Method::ack) return;
  if (from.transport == Transport::udp) {
    const auto server = sources_.server_of(from);
    if (server && !central_budget_.admits_answer(now, *server)) return over_central_budget(from, out);
  }
  if (status >= 300) ++counters_.refused;
  Flow to = from;
  if (to.transport == Transport::udp)
    to.peer = answer_ports_.of(now, sources_.standing(now, from.peer.address), m, from);
  out.send(to, make_response(m, from, status, reason.empty() ? reason_phrase(status) : reason, identifiers_.tag_for(m),
                             lines));
}

/// The same for a request that has a transaction.
void Proxy::refuse(TimePoint now, Transaction& t, std::uint16_t status, Output& out, std::string_view lines) {
  if (t.server.status >= 200) return;  // it has its answer
  if (!other_.parse(as_bytes(t.server.request))) return transactions_.forget(t);
  ++counters_.refused;
  if (t.password) guesses_.unknown(*t.password);
  t.password.reset();
  bodies_.drop_offer(now, t);
  t.server.brief = !t.is_invite() && t.client.state == ClientHalf::State::none;
  transactions_.respond(
      now, t,
      make_response(other_, t.server.from, status, reason_phrase(status), "dw" + std::to_string(t.serial), lines),
      status, out);
}

ConnectionBudget::Verdict Proxy::may_connect(TimePoint now, const IpAddress& address, Output& out) {
  if (sources_.is_central({Transport::tcp, {}, {address, 0}, ConnectionId::none}))
    return ConnectionBudget::Verdict::taken;
  return connections_.may_connect(now, address, sources_.standing(now, address), out);
}

void Proxy::on_half_message(ConnectionId connection, std::size_t octets, Output& out) {
  connections_.holds(connection, octets, out);
}

void Proxy::append_tables(MetricsText& out) const {
  out.table("sip_transactions", transactions_.size(), options_.max_transactions);
  out.table("sip_request_octets", transactions_.octets(), Transactions::kMaxOctets);
  out.table("sip_bindings", bindings_.size(), bindings_.max());
  out.table("sip_dialogs", dialogs_.size(), dialogs_.max() + Dialogs::kBeyond);
  out.table("sip_guard_sources", sources_.guard().sources(),
            Guard::kMaxSources + Guard::kMaxSources / 8 + Guard::kMaxStreamSources + Guard::kMaxStreamSources / 8);
  answer_ports_.append_tables(out);
  registrar_.append_tables(out);
  connections_.append_tables(out);
}

ConnectionId Proxy::on_accepted(TimePoint now, const Endpoint& peer, const Endpoint& local) {
  const auto server = sources_.server_of({Transport::tcp, local, peer, ConnectionId::none});
  return connections_.accepted(now, server ? Side::central : Side::access, server.value_or(0), peer, local);
}

void Proxy::on_connected(TimePoint now, ConnectionId connection, const Endpoint& local) {
  connections_.connected(now, connection, local);
}

void Proxy::on_ping(TimePoint now, ConnectionId connection) {
  const Connection* const c = connections_.find(connection);
  // Whoever may do nothing without a registration is not kept for its keepalives.
  const bool may_stay = c && (!c->accepted || c->side != Side::access || options_.unregistered_calls ||
                              bindings_.uses(connection, c->flow.peer.address));
  if (may_stay) connections_.pinged(now, connection);
}

void Proxy::on_bad_stream(TimePoint now, const Flow& from, std::string_view why, Output& out) {
  ++counters_.malformed;
  if (!sources_.is_central(from)) sources_.abuse(now, from, why, out);
  out.events.push_back(event_of(Event::Kind::dropped, from, std::string(why)));
  out.closes.push_back(from.connection);
}

}  // namespace dw::sip
