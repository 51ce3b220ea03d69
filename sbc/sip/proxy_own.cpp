#include <algorithm>
#include <unordered_set>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/proxy.hpp"
#include "sbc/sip/response.hpp"
#include "sbc/sip/via_check.hpp"

// What the proxy does of its own: asks servers and phones whether they are there, keeps routers' mappings
// open, and ends what nobody ended.
namespace dw::sip {
namespace {

constexpr Duration kProbeWithin = std::chrono::seconds(3);
constexpr Duration kProbeAgain = std::chrono::seconds(1);
constexpr Duration kLanProbe = std::chrono::minutes(5);
constexpr unsigned kProbesBeforeTold = 4;  // two of each port
constexpr Duration kLookAround = std::chrono::seconds(25);
constexpr std::string_view kPing = "\r\n\r\n", kKeepalive = "\r\n";
constexpr std::size_t kMaxAlarm = 160;

}  // namespace

void Proxy::on_deadline(TimePoint now, Output& out) {
  while (const auto due = transactions_.on_deadline(now, out))
    on_timeout(now, *due->first, due->second, out);
  while (Binding* const b = bindings_.pop_due(now)) {
    if (b->expires_at <= now) {
      out.events.push_back(event_of(Event::Kind::expired, *b));
      bindings_.remove(*b);
    } else {
      keep_alive(now, *b, out);
    }
  }
  while (DialogSet* const set = dialogs_.pop_due(now)) {
    end_call(now, *set, out);
    set->media.close(broker_, MediaEnd::closed);  // what came after its end may have opened some
    dialogs_.forget(*set);
  }
  ping_servers(now, out);
  if (look_around_at_ <= now) {
    look_around(now, out);
    look_around_at_ = now + kLookAround;
  }
}

TimePoint Proxy::next_deadline() const {
  TimePoint next = look_around_at_;
  for (const auto& due : {transactions_.next_deadline(), bindings_.next_deadline(), dialogs_.next_deadline()})
    next = std::min(next, due.value_or(TimePoint::max()));
  if (options_.ping != Duration{}) {
    for (const auto& server : servers_.all()) {
      if (server.configured && server.address()) next = std::min(next, server.next_ping);
    }
  }
  return next;
}

// ---- servers ----

void Proxy::ping_servers(TimePoint now, Output& out) {
  if (options_.ping == Duration{}) return;
  for (std::size_t i = 0; i < servers_.all().size(); ++i) {
    auto& server = servers_[i];
    if (!server.configured || server.next_ping > now || !server.address()) continue;
    server.next_ping = now + (server.up ? options_.ping : ping_while_down());
    Transaction* const t = transactions_.begin(Method::options, {});
    const auto flow = t ? router_.to_server(now, i, {}, server.transport, out) : std::nullopt;
    if (!t || !flow) continue;
    t->purpose = Transaction::Purpose::server_ping;
    t->central_server = i;
    t->to = *flow;
    const Hop hop = router_.hop_to_central(i, *flow, {}, {}, {});
    const bool one = !server.domains.empty() && !server.domains.front().starts_with('*');
    const std::string& asked = one ? server.domains.front() : homes_.default_domain();
    send_own_options(now, *t, "sip:" + asked, hop.us, options_.answer_timeout, out);
    servers_.asked(now, i);
  }
}

void Proxy::send_own_options(TimePoint now, Transaction& t, const std::string& uri, const std::string& us,
                             Duration within, Output& out) {
  t.branch = identifiers_.branch();
  t.forwarded = fmt::format(
      "OPTIONS {0} SIP/2.0\r\nVia: SIP/2.0/{1} {2};branch={3}{6}\r\nMax-Forwards: 70\r\n"
      "From: <sip:dropwire@{2}>;tag={4}\r\nTo: <{0}>\r\nCall-ID: {5}\r\nCSeq: 1 OPTIONS\r\nContact: "
      "<sip:dropwire@{2}>\r\n"
      "Content-Length: 0\r\n\r\n",
      uri, to_string(t.to.transport), us, t.branch, identifiers_.token(), identifiers_.token(),
      t.purpose == Transaction::Purpose::server_ping ? ";rport;dw=" + via_check(us, us) : std::string());
  transactions_.send_request(now, t, within, out);
}

void Proxy::server_lookup_failed(TimePoint now, std::size_t server, std::string why, Output& out) {
  if (servers_[server].address()) return;  // what was known is still tried
  server_failed(now, server, std::move(why), out);
}

// ---- phones ----

void Proxy::keep_alive(TimePoint now, Binding& b, Output& out) {
  const bool nat = b.reach.behind_nat();
  b.next_keepalive = now + (nat ? options_.keepalive : kLanProbe);
  bindings_.arm(b);
  if (b.reach.flow.transport != Transport::udp) {
    if (nat && !b.stale_connection) out.send(b.reach.flow, std::string(kKeepalive));
    return;
  }
  Flow flow = b.reach.flow;
  const Reach reach = bindings_.reach_of(b);
  flow.peer = reach.destination();
  // After silence the other port, if there is one, is asked in turn; requests go there once it has answered.
  if (b.unanswered % 2 == 1) flow.peer = reach.other_destination();
  // Lines of one phone share what keeps its port open.
  TimePoint& last = kept_alive_[flow.peer];
  if (last != TimePoint{} && now - last < options_.keepalive / 2 && b.unanswered == 0 &&
      b.reach.answers != Reach::Answers::unknown)
    return;
  last = now;
  probe(now, b, flow, out);
}

void Proxy::probe(TimePoint now, Binding& b, const Flow& flow, Output& out) {
  Transaction* const t = transactions_.begin(Method::options, {});
  if (!t) return;
  t->purpose = Transaction::Purpose::phone_probe;
  t->binding = b.id;
  t->to = flow;
  send_own_options(now, *t, b.contact_uri, router_.us_for(b), kProbeWithin, out);
}

void Proxy::on_probe_answer(TimePoint now, const Transaction& t, Output& out) {
  if (t.purpose == Transaction::Purpose::server_ping) {
    servers_[t.central_server].answers_pings = true;
    return server_worked(now, t.central_server, out);
  }
  Binding* const b = bindings_.by_id(t.binding);
  if (!b) return;
  const auto answers = t.to.peer == b->reach.at_contact() ? Reach::Answers::at_contact : Reach::Answers::at_source;
  b->unanswered = 0;
  if (std::exchange(b->told_unreachable, false)) out.events.push_back(event_of(Event::Kind::reachable, *b));
  if (b->reach.answers != answers) {
    b->reach.answers = answers;
    bindings_.touched(*b);
  }
  b->next_keepalive = now + (b->reach.behind_nat() ? options_.keepalive : kLanProbe);
  bindings_.arm(*b);
}

/// The port that was asked does not answer: the other one is, if there is another; a person is told once both
/// are silent.
void Proxy::on_probe_silence(TimePoint now, const Transaction& t, Output& out) {
  if (t.purpose == Transaction::Purpose::server_ping) {
    auto& server = servers_[t.central_server];
    // One that never answered OPTIONS may be of the kind that doesn't.
    if (!server.answers_pings) return;
    server.next_ping = std::min(server.next_ping, now + kProbeAgain);
    if (++server.pings_missed < Servers::kPingsMissed && server.up) return;
    server_failed(now, t.central_server, "it does not answer OPTIONS", out);
    server.next_ping = server.up ? now : now + ping_while_down();
    return;
  }
  Binding* const b = bindings_.by_id(t.binding);
  if (!b || b->stale_connection) return;
  ++b->unanswered;
  const bool two_ports = b->reach.flow.peer != b->reach.at_contact();
  if (b->unanswered >= kProbesBeforeTold) {
    b->reach.answers = Reach::Answers::unknown;
    b->next_keepalive = now + options_.keepalive;
    if (!std::exchange(b->told_unreachable, true)) {
      Event event = event_of(Event::Kind::unreachable, *b);
      event.text = two_ports ? fmt::format("neither {} nor {}", b->reach.flow.peer.to_string(),
                                           b->reach.at_contact().to_string())
                             : b->reach.flow.peer.to_string();
      out.events.push_back(std::move(event));
    }
  } else {
    b->next_keepalive = now + kProbeAgain;
    kept_alive_.erase(t.to.peer);
  }
  bindings_.touched(*b);
}

/// What the phone says of itself: a Reason field with cisco-alarm, or a REFER with an alarm's XML
/// (cisco-provisioning §5.3).
void Proxy::note_alarm(const Flow& from, const Message& m, const Binding* binding, Output& out) {
  std::string text;
  if (m.method() == Method::register_) {
    const std::string_view reason = m.value_of(FieldName::reason);
    const auto begin = reason.find("cisco-alarm");
    if (begin == reason.npos) return;
    text = reason.substr(begin, std::min(reason.find('"', begin) - begin, kMaxAlarm));
  } else if (m.method() == Method::refer &&
             m.value_of(FieldName::content_type).find("x-cisco-alarm+xml") != std::string_view::npos) {
    constexpr std::string_view kReason = "ReasonForOutOfService\">";
    const auto begin = m.body().find(kReason);
    text = begin == std::string_view::npos
               ? "an alarm"
               : "out of service, reason " +
                     std::string(
                         m.body().substr(begin + kReason.size(), m.body().substr(begin + kReason.size(), 8).find('<')));
  } else {
    return;
  }
  Event event = binding ? event_of(Event::Kind::alarm, *binding) : event_of(Event::Kind::alarm, from, {});
  event.text = std::move(text);
  event.user_agent = m.value_of(FieldName::user_agent).substr(0, 128);
  if (const Field* const contact = m.find(FieldName::contact); contact && event.device.empty()) {
    if (const auto address = parse_name_addr(m.value(*contact))) event.device = device_of(address->params);
  }
  if (const auto& uri = m.from_uri(); uri && event.aor.empty()) event.aor = plain_user(uri->user);
  out.events.push_back(std::move(event));
}

// ---- connections, and what is left over ----

void Proxy::on_connection_closed(TimePoint now, ConnectionId connection, std::string_view why, Output& out) {
  const auto was = connections_.closed(connection);
  if (!was) return;
  const Connection& closed = *was;
  for (Binding* const b : bindings_.connection_closed(connection)) {
    Event event = event_of(Event::Kind::phone_lost, *b);
    event.text = why;
    out.events.push_back(std::move(event));
  }
  if (!closed.accepted && servers_[closed.server].transport == Transport::tcp)
    registrar_.ask_server_again([&](const Binding& b) { return b.central == connection; });
  std::vector<std::pair<std::size_t, std::uint64_t>> waiting;
  transactions_.for_each([&](const Transaction& t) {
    if (t.client_pending() && t.to.connection == connection) waiting.emplace_back(t.slot, t.serial);
  });
  // One that somebody else opened has no server: there need not be any.
  if (!closed.accepted && servers_[closed.server].transport == Transport::udp) {
    servers_[closed.server].no_tcp = true;  // it was for large requests: they go by UDP again
  } else if (!closed.accepted && !waiting.empty()) {
    const auto* const address = servers_[closed.server].address();
    if (address && address->peer == closed.flow.peer) server_failed(now, closed.server, std::string(why), out);
  }
  for (const auto& [slot, serial] : waiting) {
    Transaction* const t = transactions_.at(slot, serial);
    if (!t) continue;
    if (t->purpose != Transaction::Purpose::forward) {
      if (t->purpose == Transaction::Purpose::start_over) on_start_over_answer(*t, 0, out);
      transactions_.forget(*t);
      continue;
    }
    if (!closed.accepted && t->client_silent) {
      if (servers_[closed.server].transport == Transport::udp) {
        t->tried &= ~(1U << closed.server);
        if (!t->tried_places.empty()) t->tried_places.pop_back();
      }
      // A large request, whose server takes no connections (RFC 3261 §18.1.1), goes by UDP.
      if (servers_[closed.server].no_tcp && other_.parse(as_bytes(t->request)) && forward_again(now, *t, other_, out))
        continue;
      if (try_next_server(now, *t, out)) continue;
    }
    transactions_.end_client(*t);
    const bool in_dialog = t->dialogs != 0 && !t->begins_dialogs;
    if (!closed.accepted && !in_dialog && other_.parse(as_bytes(t->request))) {
      no_server_left(now, *t, other_, out);
    } else {
      refuse(now, *t, closed.accepted ? 480 : 503, out);
    }
    if (DialogSet* const set = t->dialogs != 0 ? dialogs_.by_id(t->dialogs) : nullptr;
        set && t->begins_dialogs && !set->connected)
      end_call(now, *set, out);
    transactions_.forget_if_over(slot, serial);
  }
}

/// A connection that we made for one phone, over which nothing runs and nothing is registered, goes.
void Proxy::close_idle_to_servers(TimePoint now, Output& out) {
  std::unordered_set<ConnectionId> idle = connections_.unused_since(now - kTransactionTimeout);
  if (idle.empty()) return;
  bindings_.for_each([&](const Binding& b) { idle.erase(b.central); });
  transactions_.for_each([&](const Transaction& t) {
    idle.erase(t.to.connection);
    idle.erase(t.from.connection);
  });
  dialogs_.for_each([&](const DialogSet& set) {
    if (set.over) return;
    idle.erase(set.central);
    if (set.initiator_party.place) idle.erase(set.initiator_party.place->connection);
    for (const auto& dialog : set.dialogs) {
      if (dialog.responder.place) idle.erase(dialog.responder.place->connection);
    }
  });
  for (const ConnectionId id : idle)
    out.closes.push_back(id);
}

void Proxy::look_around(TimePoint now, Output& out) {
  close_idle_to_servers(now, out);
  connections_.for_each([&](ConnectionId id, const Connection& c) {
    if (!c.accepted) {
      out.send(c.flow, std::string(kPing));
    } else if (c.side == Side::access && now - c.last_heard > options_.idle_timeout &&
               !bindings_.uses(id, c.flow.peer.address)) {
      out.closes.push_back(id);
    }
  });
  servers_.forget_unused([this](std::size_t server) { return uses_server(server); });
  servers_.forget_former([this](const Endpoint& peer) { return uses_place(peer); });
  registrar_.forget_unbound();
  if (kept_alive_.size() > options_.max_bindings) kept_alive_.clear();
  std::erase_if(kept_alive_, [&](const auto& entry) { return now - entry.second > kLanProbe; });
  dialogs_.for_each([&](DialogSet& set) {
    if (set.is_call() && !set.over && set.connected) look_at_call(now, set, out);
  });
}

}  // namespace dw::sip
