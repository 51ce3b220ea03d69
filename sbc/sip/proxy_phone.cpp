#include <algorithm>

#include "sbc/base/emergency.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/proxy.hpp"
#include "sbc/sip/response.hpp"
#include "sbc/sip/via_check.hpp"

// Requests of phones, and which central server gets them.
namespace dw::sip {
namespace {

bool begins_dialogs(Method method) {
  return method == Method::invite || method == Method::subscribe || method == Method::refer;
}
std::uint16_t listening_port(const Message& m, const Flow& flow) {
  return flow.transport == Transport::udp ? m.via().port.value_or(kSipPort) : flow.peer.port;
}

}  // namespace

void Proxy::from_phone(TimePoint now, const Flow& from, const Message& m, std::string key, Output& out) {
  note_altered(from, m, out);
  if (m.method() == Method::register_) return on_register(now, from, m, std::move(key), out);
  const Binding* binding = bindings_.of_phone(from, words_of(m));
  note_alarm(from, m, binding, out);
  const Dialogs::Match match =
      dialogs_.match(m, Side::access, [&](const DialogSet& set) { return is_phone_of(set, from); });
  if (match.set || !m.to_tag().empty()) {
    if (match.set && !is_phone_of(*match.set, from)) {
      // Call-ID and tags are no secret to whoever was in between.
      offence(now, from, "a request of somebody else's dialog", out);
      return answer(now, m, from, 481, out);
    }
    if (!match.set) {
      if (!binding && !takes_unregistered(from)) return offence(now, from, "a request of no dialog", out);
      return answer(now, m, from, 481, out);
    }
  } else if (!may_start(now, from, m, binding, out)) {
    return;
  }
  if (match.set) {  // whose dialog it is was found when it began
    const Binding* const began = bindings_.by_id(match.set->binding);
    if (began || match.set->binding == 0) binding = began;
  }
  const std::uint64_t bound = binding ? binding->id : 0;
  if (!match.set && is_merged(m, Side::access, bound, from.peer.address)) return answer(now, m, from, 482, out);
  std::optional<PasswordTry> tried;
  const auto uri = parse_uri(m.from().uri);
  if (!may_try(now, from, m, uri ? uri->user : std::string_view{}, tried, out)) return;
  Transaction* const t = begin(now, from, Side::access, m, std::move(key), out);
  if (!t) {
    if (tried) guesses_.unknown(*tried);
    return;
  }
  t->password = tried;
  t->binding = bound;
  if (match.set) {
    t->dialogs = match.set->id;
    t->central_server = match.set->server;
    t->domain = match.set->domain;
    if (m.method() == Method::bye) match.set->ended_by = Call::EndedBy::phone;
    refresh_target(*match.set, match, m);
  } else {
    t->central_server = binding ? binding->server : 0;
    t->domain = domain_for(m, from, binding);
    if (begins_dialogs(m.method())) open_dialogs(now, *t, m, from, binding);
  }
  // Over a stream too: who has heard nothing may not give up (RFC 3261 §9.1), and the server's 100 goes no
  // further.
  if (m.method() == Method::invite) transactions_.respond(now, *t, make_response(m, from, 100, "Trying", {}), 100, out);
  if (!forward_to_central(now, *t, m, out)) no_server_left(now, *t, m, out);
}

/// What comes with other addresses than it left with went through an application layer gateway.
void Proxy::note_altered(const Flow& from, const Message& m, Output& out) {
  if (is_unaltered(m) != false) return;
  const auto uri = parse_uri(m.from().uri);
  const Binding* const b = bindings_.of_phone(from, words_of(m));
  Event event = b ? event_of(Event::Kind::altered, *b) : event_of(Event::Kind::altered, from, {});
  if (uri) event.aor = plain_user(uri->user);
  event.text = fmt::format("{} came with Via {} and Contact {}, which are not what was sent",
                           m.method_text().substr(0, 32), m.via().sent_by, contact_host(m));
  out.events.push_back(std::move(event));
}

/// An emergency call: by its number, as sip: or tel:, or by its service (RFC 5031).
bool Proxy::calls_for_help(const Message& m) const {
  constexpr std::string_view kService = "urn:service:sos";
  if (m.method() != Method::invite || !m.to_tag().empty()) return false;
  const std::string_view text = m.request_uri();
  if (starts_with_ignoring_case(text, kService)) return text.size() == kService.size() || text[kService.size()] == '.';
  const auto uri = parse_uri(text);
  std::string_view dialled = starts_with_ignoring_case(text, "tel:") ? text.substr(4) : std::string_view{};
  if (uri && uri->is_sip()) dialled = uri->user;
  return is_emergency(plain_user(dialled.substr(0, dialled.find(';'))), options_.emergency);
}

/// Whether a request outside of any dialog may go on (sip-sbc §6.2). An emergency call always may, from a phone that is
/// registered, or where others may call too: strangers could hide behind it. Whoever may not is told the same,
/// whether somebody of that name exists or not.
bool Proxy::may_start(TimePoint now, const Flow& from, const Message& m, const Binding* binding, Output& out) {
  const bool known = bindings_.knows_source(from.peer.address);
  if (!known && !takes_unregistered(from)) {
    if (m.method() == Method::invite) answer(now, m, from, 403, out);
    offence(now, from, fmt::format("{} without a registration", m.method_text().substr(0, 32)), out);
    return false;
  }
  if (calls_for_help(m)) return true;
  if (draining_) {
    answer(now, m, from, 503, out, "Retry-After: 5\r\n");
    return false;
  }
  if (m.method() == Method::invite && dialogs_.calls() >= options_.max_calls) {
    answer(now, m, from, 503, out, "Retry-After: 10\r\n");
    out.events.push_back(event_of(Event::Kind::dropped, from, "access.sip.max_calls"));
    return false;
  }
  return m.method() != Method::invite || may_call(now, from, m, binding, out);
}

/// What a caller without a registration is counted as. Beside registered phones its name says nothing: they are one.
std::string Proxy::unregistered_caller(const IpAddress& address, std::string_view user) const {
  return "unregistered " +
         (bindings_.knows_source(address) ? source_of(address).to_string() : user_key(user).substr(0, 64));
}

/// Whether a line, or an address, calls too much. A call that was challenged and comes again is one attempt.
bool Proxy::may_call(TimePoint now, const Flow& from, const Message& m, const Binding* binding, Output& out) {
  const std::uint64_t bound = binding ? binding->id : 0;
  const DialogSet* const again = dialogs_.find(m.call_id(), m.from_tag(), Side::access, bound, from.peer.address);
  if (again && !again->over && !again->connected && !again->pending) return true;
  const auto uri = parse_uri(m.from().uri);
  const std::string phone = binding ? line_key(binding->user, domain_of(*binding))
                                    : unregistered_caller(from.peer.address, uri ? uri->user : std::string_view{});
  const auto verdict = limits_.attempt(now, phone, from.peer.address);
  if (verdict == CallLimits::Verdict::passes) return true;
  answer(now, m, from, 503, out, "Retry-After: 30\r\n", "Too Many Calls");
  Event event = binding ? event_of(Event::Kind::call_refused, *binding) : event_of(Event::Kind::call_refused, from, {});
  if (!binding && uri) event.aor = plain_user(uri->user);
  event.flow = from;
  event.text = fmt::format("access.sip.{}", to_string(verdict));
  out.events.push_back(std::move(event));
  return false;
}

/// RFC 3261 §8.2.2.2: a first request of a dialog that comes again by another way, while it is not over.
bool Proxy::is_merged(const Message& m, Side side, std::uint64_t binding, const IpAddress& phone) {
  if (!begins_dialogs(m.method())) return false;
  const DialogSet* const set = dialogs_.find(m.call_id(), m.from_tag(), side, binding, phone);
  return set && set->is_call() && !set->over && set->pending;
}

bool Proxy::is_phone_of(const DialogSet& set, const Flow& from) {
  if (set.reach.flow.peer.address == from.peer.address) return true;
  const Binding* const binding = set.binding != 0 ? bindings_.by_id(set.binding) : nullptr;
  return binding && binding->reach.flow.peer.address == from.peer.address;
}

void Proxy::open_dialogs(TimePoint now, Transaction& t, const Message& m, const Flow& phone, const Binding* binding) {
  t.begins_dialogs = true;
  DialogSet* set = dialogs_.find(m.call_id(), m.from_tag(), Side::access, t.binding, phone.peer.address);
  if (!set)
    set = dialogs_.begin_for(phone.peer.address, standing_of(now, phone.peer.address), m.call_id(), m.from_tag(),
                             calls_for_help(m));
  if (!set) return;  // goes without: its dialog's requests will find none
  t.dialogs = set->id;
  set->method = m.method();
  set->server = t.central_server;
  set->domain = t.domain;
  const auto via_host = IpAddress::parse(m.via().host);
  set->reach.flow = phone;
  set->reach.stated = via_host ? *via_host : IpAddress{};
  set->reach.contact_port = listening_port(m, phone);
  if (const auto uri = parse_uri(m.from().uri)) {
    set->own_number = plain_user(uri->user);
    set->maps_host = is_ours(uri->host, phone);
  }
  if (const auto uri = parse_uri(m.to().uri)) set->far_number = uri->user;
  set->far_name = m.to().display;
  if (binding) {
    set->binding = binding->id;
    set->aor = binding->user;
    set->device = binding->device;
    if (phone.transport == Transport::udp) set->reach.answers = binding->reach.answers;
  }
  begin_call(now, *set);
  note_dialog(t, *set, m);
}

/// Sends a phone's request to the first central server that may have it. False: none is left, and nothing was
/// said yet.
bool Proxy::forward_to_central(TimePoint now, Transaction& t, const Message& m, Output& out) {
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  const bool in_dialog = set && !t.begins_dialogs;
  if (!in_dialog) {
    const auto& bound = servers_.all();
    const bool stays = t.tried == 0 && t.binding != 0 && t.central_server < bound.size() &&
                       bound[t.central_server].configured && bound[t.central_server].up &&
                       bound[t.central_server].address();
    const Home home = stays ? Home{} : home_of(m, t.from, t.binding != 0 ? bindings_.by_id(t.binding) : nullptr);
    const auto picked = stays ? std::optional(t.central_server)
                              : servers_.pick(now, t.tried, calls_for_help(m), servers_.choose(home.host, home.port));
    if (!picked) return false;
    t.central_server = *picked;
    if (set) set->server = *picked;
  }
  t.tried |= 1U << t.central_server;
  const Endpoint owner{t.from.peer.address, t.from.transport == Transport::udp ? t.answer_to.port : t.from.peer.port};
  std::string target, routes;
  std::optional<Flow> place, flow;
  bool other_places = false;
  if (in_dialog) {
    const Party* const party = other_party(*set, Dialogs::match_in(*set, m, Side::access));
    if (party) {
      target = party->target;
      routes = party->routes;
    }
    place = next_place(t, party);
    if (!place) return false;
    t.tried_places.push_back(place->peer);
    other_places = next_place(t, party).has_value();
    flow = flow_to(now, t.central_server, *place, owner, out);
  } else {
    flow = central_flow(now, t.central_server, owner, servers_[t.central_server].transport, out);
  }
  if (!flow) return false;
  const Binding* const binding = t.binding != 0 ? bindings_.by_id(t.binding) : nullptr;
  Hop hop = hop_to_central(t.central_server, *flow, t.from,
                           binding ? std::string_view(binding->token) : std::string_view{}, t.domain);
  t.branch = identifiers_.branch_for(m, Side::central);
  t.forwarded.clear();
  if (const auto refusal = build_request(now, t, m, hop, target, routes, set, t.forwarded, out)) {
    refuse(now, t, refusal, out, refusal_lines(refusal));
    end_unreached(now, t, m, out);
    return true;
  }
  t.to = *flow;
  if (flow->transport == Transport::udp && t.forwarded.size() > kMaxDatagram && !servers_[t.central_server].no_tcp) {
    // RFC 3261 §18.1.1: too large for one datagram on every path. Back to UDP when nobody listens there.
    const bool is_peer = place && !place_of_server(t.central_server, place->peer);
    const Flow by_tcp{Transport::tcp, flow->local, flow->peer, ConnectionId::none};
    if (!is_peer) {
      hop.flow = t.to = flow_to(now, t.central_server, by_tcp, {}, out);
      t.forwarded.clear();
      if (build_request(now, t, m, hop, target, routes, set, t.forwarded, out) != 0) return false;
    }
  }
  const Duration answer_within = !in_dialog || other_places ? options_.answer_timeout : Duration{};
  transactions_.send_request(now, t, answer_within, out);
  if (t.is_invite()) connections_.shown(now, t.from.connection);
  servers_.asked(now, t.central_server);
  return true;
}

/// 0, or the status that the request is to be refused with.
std::uint16_t Proxy::build_request(TimePoint now, Transaction& t, const Message& m, const Hop& hop,
                                   std::string_view target, std::string_view routes, DialogSet* set, std::string& text,
                                   Output& out) {
  Edits edits(m);
  t.back.vias = via_lines(m, t.from);
  t.ends_subscription = m.method() == Method::notify &&
                        starts_with_ignoring_case(m.value_of(FieldName::subscription_state), "terminated");
  const bool keeps_routes = hop.side == Side::central && t.binding != 0 && m.to_tag().empty();
  rewriter_.edit_request(m, hop, {t.branch, target, routes, t.registering.get(), keeps_routes}, t.back, edits);
  const Negotiation part = begin_negotiation(t, set, m, other(hop.side));
  if (const auto refusal = edit_body(now, t, m, hop, part, set, edits, out)) return refusal;
  end_negotiation(now, t, set, m, other(hop.side), part);
  edits.write(text);
  return edits.ok() ? 0 : 500;
}

void Proxy::no_server_left(TimePoint now, Transaction& t, const Message& m, Output& out) {
  ++counters_.no_server;
  Event event = event_of(Event::Kind::no_server, t.from,
                         servers_.configured() == 0 ? "none is configured (central.sip.servers)" : "");
  const Home home = t.registering ? t.registering->home : home_of(m, t.from, bindings_.by_id(t.binding));
  const auto choice = servers_.choose(home.host, home.port);
  for (std::size_t i = 0; i < servers_.all().size(); ++i) {
    const auto& server = servers_.all()[i];
    if ((choice.may >> i & 1U) != 0 && !server.last_error.empty())
      event.text = server.name.to_string() + ": " + server.last_error;
  }
  if (const auto uri = parse_uri(m.from().uri)) event.aor = plain_user(uri->user);
  event.user_agent = m.value_of(FieldName::user_agent).substr(0, 128);
  if (t.registering) event.device = t.registering->device;
  out.events.push_back(std::move(event));
  refuse(now, t, 503, out, fmt::format("Retry-After: {}\r\n", retry_after()));
  end_unreached(now, t, m, out);
}

/// What it began ends with it, and what a BYE was to end as well: whoever said that has forgotten the call.
void Proxy::end_unreached(TimePoint now, const Transaction& t, const Message& m, Output& out) {
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  if (!set) return;
  if (set->dialogs.empty()) return end_call(now, *set, out);
  if (t.method == Method::bye) end_dialog(now, *set, t.from_side == set->initiator ? m.to_tag() : m.from_tag(), out);
}

/// How a server is reached: by UDP from our own port, or by the connection that `owner` has to it, made if
/// there is none: each phone has its own, as a real phone has (sip-sbc §2.6).
std::optional<Flow> Proxy::central_flow(TimePoint now, std::size_t server, const Endpoint& owner, Transport transport,
                                        Output& out) {
  auto& s = servers_[server];
  const auto* const address = s.address();
  if (!address) return std::nullopt;
  return flow_to(now, server, {transport, address->local, address->peer, ConnectionId::none}, owner, out);
}

Flow Proxy::flow_to(TimePoint now, std::size_t server, const Flow& place, const Endpoint& owner, Output& out) {
  if (place.transport == Transport::udp) return place;
  if (const auto open = connections_.to_server(now, server, owner, place.peer)) return *open;
  const Standing standing = owner.address ? standing_of(now, owner.address) : Standing::registered;
  return connections_.open(now, server, owner, standing, place, out);
}

/// Where the central side reaches what listens at `local`. Without a mapping it is where the server sees this flow: its
/// packets find back there through any router, for as long as the flow is kept open.
Endpoint Proxy::told_to_central(Transport transport, const Endpoint& local, const std::optional<Endpoint>& seen) const {
  if (options_.central_advertise) return {*options_.central_advertise, local.port};
  const auto mapped =
      std::ranges::find_if(mapped_, [&](const Mapped& m) { return m.transport == transport && m.local == local; });
  return mapped != mapped_.end() ? mapped->external : seen.value_or(local);
}

/// Of what is told as that transport: a large request and its answers take a connection to a server of UDP, which
/// listens nowhere for what the server begins.
std::optional<Endpoint> Proxy::seen_by(std::size_t server, Transport told, const Flow& flow) const {
  if (!options_.learn_outside) return std::nullopt;
  if (told == Transport::udp) {
    const auto& seen = servers_.all()[server].seen;
    const bool same = seen && (flow.transport == told ? seen->by == flow.peer : seen->by.address == flow.peer.address);
    return same ? std::optional(seen->as) : std::nullopt;
  }
  const Connection* const c = connections_.find(flow.connection);
  return c ? c->seen : std::nullopt;
}

void Proxy::set_mapped(std::vector<Mapped> mapped) {
  if (mapped == mapped_) return;
  mapped_ = std::move(mapped);
  ask_server_again([](const Binding&) { return true; });
}

void Proxy::note_seen(const Transaction& t, const Message& answer) {
  const bool to_server = t.purpose == Transaction::Purpose::server_ping ||
                         (t.purpose == Transaction::Purpose::forward && t.from_side == Side::access);
  const auto seen = to_server && options_.learn_outside ? seen_from(answer.via()) : std::nullopt;
  if (!seen) return;
  translated_ = translated_ || seen->address != t.to.local.address;
  if (t.to.transport == Transport::udp) {
    auto& known = servers_[t.central_server].seen;
    // What this server has of us is wrong from now on.
    if (known && known->by == t.to.peer && known->as != *seen)
      ask_server_again([&](const Binding& b) { return b.server == t.central_server; });
    known = Servers::Seen{t.to.peer, *seen};
    outside_ = Outside{t.to.local, *seen};
  } else {
    connections_.note_seen(t.to.connection, *seen);
  }
}

Hop Proxy::hop_to_central(std::size_t server, const Flow& flow, const Flow& phone, std::string_view token,
                          std::string_view domain) const {
  Hop hop;
  hop.domain = domain;
  hop.flow = flow;
  hop.side = Side::central;
  hop.phone = phone;
  // A connection of ours leaves from another port than the one that we listen at.
  const auto& s = servers_.all()[server];
  const Connection* const connection = connections_.find(flow.connection);
  const bool ours = connection && !connection->accepted;
  const auto place = place_of_server(server, flow.peer);
  const auto* const address = s.address();
  const Endpoint local = !ours ? flow.local : place ? place->local : address ? address->local : flow.local;
  const bool is_servers = place || servers_.at_address(flow.peer) == server;
  const Transport transport = is_servers ? s.transport : flow.transport;
  hop.us = host_port_text(told_to_central(transport, local, seen_by(server, transport, flow)));
  if (transport == Transport::tcp) hop.contact = ";transport=tcp";
  if (!token.empty()) hop.contact += fmt::format(";dw={}", token);
  return hop;
}

void Proxy::server_failed(TimePoint now, std::size_t server, std::string why, Output& out) {
  Event event = event_of(Event::Kind::server_down, Flow{}, why);
  event.server = server;
  if (servers_.failed(now, server, std::move(why))) out.events.push_back(std::move(event));
  servers_[server].next_ping = std::min(servers_[server].next_ping, now + ping_while_down());
}

/// What it asked goes to the next address of that server, if there is one.
void Proxy::server_failed_for(TimePoint now, Transaction& t, std::string why, Output& out) {
  const std::size_t server = t.central_server;
  server_failed(now, server, std::move(why), out);
  if (servers_[server].up) t.tried &= ~(1U << server);
}

void Proxy::server_worked(TimePoint now, std::size_t server, Output& out) {
  const auto away = servers_.worked(now, server);
  if (!away) return;
  Event event = event_of(Event::Kind::server_up, Flow{}, to_words(*away));
  event.server = server;
  out.events.push_back(std::move(event));
}

/// Whoever was asked says nothing, and nobody else is left: the phone hears so while it still waits. What comes after
/// all does no harm: a call that rings then is cancelled.
void Proxy::give_up(TimePoint now, Transaction& t, Output& out) {
  if (!other_.parse(as_bytes(t.request))) return transactions_.forget(t);
  if (t.is_invite()) {
    t.client_resend = Transaction::kNever;
    t.cancelled = true;
    transactions_.arm(t);
  } else {
    transactions_.end_client(t);
  }
  const auto slot = t.slot;
  const auto serial = t.serial;
  no_server_left(now, t, other_, out);
  transactions_.forget_if_over(slot, serial);
}

/// A request of no dialog whose server did not take it goes to the next one, one within a dialog to the next address of
/// its server. False: there is none.
bool Proxy::try_next_server(TimePoint now, Transaction& t, Output& out) {
  if (t.from_side != Side::access || t.purpose != Transaction::Purpose::forward || t.cancelled || t.cancel_sent)
    return false;
  const DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  if (!other_.parse(as_bytes(t.request))) return false;
  if (!other_.to_tag().empty()) {  // within a dialog: the next address of its server
    if (!set || t.registering) return false;
    const bool moved = forward_to_central(now, t, other_, out);
    counters_.fail_overs += moved ? 1 : 0;
    return moved;
  }
  if (set && !set->dialogs.empty()) return false;
  ++counters_.fail_overs;
  return t.registering ? forward_register(now, t, other_, out) : forward_to_central(now, t, other_, out);
}

}  // namespace dw::sip
