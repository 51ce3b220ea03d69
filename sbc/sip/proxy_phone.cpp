#include <algorithm>

#include <fmt/format.h>

#include "sbc/base/emergency.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/edits.hpp"
#include "sbc/sip/events.hpp"
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
      sources_.abuse(now, from, "a request of somebody else's dialog", out);
      return answer(now, m, from, 481, out);
    }
    if (!match.set) {
      if (!binding && !sources_.takes_unregistered(from))
        return sources_.abuse(now, from, "a request of no dialog", out);
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
  const auto& uri = m.from_uri();
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
    match.set->refresh_target(m, match.from_initiator, match.dialog);
  } else {
    t->central_server = binding ? binding->server : 0;
    t->domain = homes_.domain_of(m.from_uri(), from, binding);
    if (begins_dialogs(m.method())) open_dialogs(now, *t, m, from, binding);
  }
  // Over a stream too: who has heard nothing may not give up (RFC 3261 §9.1), and the server's 100 goes no
  // further.
  if (m.method() == Method::invite) transactions_.respond(now, *t, make_response(m, from, 100, "Trying", {}), 100, out);
  const Party* const party = match.set ? Router::other_party(*match.set, match) : nullptr;
  if (!forward_to_central(now, *t, m, party, out)) no_server_left(now, *t, m, out);
}

/// What comes with other addresses than it left with went through an application layer gateway.
void Proxy::note_altered(const Flow& from, const Message& m, Output& out) {
  if (is_unaltered(m) != false) return;
  const auto& uri = m.from_uri();
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
/// registered, or where others may call too: strangers could hide behind it. Whoever may not gets the same
/// answer whether somebody of that name exists or not.
bool Proxy::may_start(TimePoint now, const Flow& from, const Message& m, const Binding* binding, Output& out) {
  const bool known = bindings_.knows_source(from.peer.address);
  if (!known && !sources_.takes_unregistered(from)) {
    if (m.method() == Method::invite) answer(now, m, from, 403, out);
    sources_.abuse(now, from, fmt::format("{} without a registration", m.method_text().substr(0, 32)), out);
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
  if (m.method() != Method::invite) return true;
  const auto verdict = calls_.attempt(now, m, from, binding,
                                      binding ? std::string_view(homes_.domain_of(*binding)) : std::string_view{});
  if (verdict == CallLimits::Verdict::passes) return true;
  answer(now, m, from, 503, out, "Retry-After: 30\r\n", "Too Many Calls");
  Event event = binding ? event_of(Event::Kind::call_refused, *binding) : event_of(Event::Kind::call_refused, from, {});
  if (const auto& uri = m.from_uri(); !binding && uri) event.aor = plain_user(uri->user);
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
    set = dialogs_.begin_for(phone.peer.address, sources_.standing(now, phone.peer.address), m.call_id(), m.from_tag(),
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
  if (const auto& uri = m.from_uri()) {
    set->own_number = plain_user(uri->user);
    set->maps_host = is_ours(uri->host, phone);
  }
  if (const auto& uri = m.to_uri()) set->far_number = uri->user;
  set->far_name = m.to().display;
  if (binding) {
    set->binding = binding->id;
    set->aor = binding->user;
    set->device = binding->device;
    if (phone.transport == Transport::udp) set->reach.answers = binding->reach.answers;
  }
  calls_.begin(now, *set);
  set->note(m, t.from_side, t.begins_dialogs);
}

/// Whose connection to a server this request uses.
Endpoint Proxy::owner_of(const Transaction& t) {
  return {t.server.from.peer.address,
          t.server.from.transport == Transport::udp ? t.server.answer_to.port : t.server.from.peer.port};
}

/// Sends a phone's request to the first central server that may have it, or within a dialog to `party`. False: none is
/// left, and nothing was said yet.
bool Proxy::forward_to_central(TimePoint now, Transaction& t, const Message& m, const Party* party, Output& out) {
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  const bool in_dialog = set && !t.begins_dialogs;
  const Binding* const binding = t.binding != 0 ? bindings_.by_id(t.binding) : nullptr;
  if (!in_dialog) {
    const auto& all = servers_.all();
    const bool stays = t.tried == 0 && t.binding != 0 && t.central_server < all.size() &&
                       all[t.central_server].configured && all[t.central_server].up && all[t.central_server].address();
    const Home home = stays ? Home{} : homes_.of(m.from_uri(), t.server.from, binding);
    const auto picked = stays ? std::optional(t.central_server)
                              : servers_.pick(now, t.tried, calls_for_help(m), servers_.choose(home.host, home.port));
    if (!picked) return false;
    t.central_server = *picked;
    if (set) set->server = *picked;
  }
  t.tried |= 1U << t.central_server;
  std::optional<Flow> place, flow;
  Duration answer_within = options_.answer_timeout;
  if (in_dialog) {
    place = router_.next_place(t.central_server, t.tried_places, party);
    if (!place) return false;
    t.tried_places.push_back(place->peer);
    if (!router_.next_place(t.central_server, t.tried_places, party)) answer_within = {};
    flow = router_.to_place(now, t.central_server, *place, owner_of(t), out);
  } else {
    flow = router_.to_server(now, t.central_server, owner_of(t), servers_[t.central_server].transport, out);
  }
  if (!flow) return false;
  Hop hop = router_.hop_to_central(t.central_server, *flow, t.server.from,
                                   binding ? std::string_view(binding->token) : std::string_view{}, t.domain);
  const bool in_party = in_dialog && party;
  const auto refusal =
      send_to_central(now, t, m, std::move(hop), in_party ? std::string_view(party->target) : std::string_view{},
                      in_party ? std::string_view(party->routes) : std::string_view{}, set, answer_within, out);
  if (!refusal) return false;
  if (*refusal != 0) {
    refuse_unreached(now, t, m, *refusal, out, BodyRewriter::refusal_lines(*refusal));
  } else if (t.is_invite()) {
    connections_.shown(now, t.server.from.connection);
  }
  return true;
}

/// Builds a phone's request and sends it. One that is too large for a datagram takes TCP (RFC 3261 §18.1.1) where its
/// server may take that: back to UDP when nobody listens there (`no_tcp`). 0, or the status that it is to be refused
/// with; nothing: it can't be sent to this server.
std::optional<std::uint16_t> Proxy::send_to_central(TimePoint now, Transaction& t, const Message& m, Hop hop,
                                                    std::string_view target, std::string_view routes, DialogSet* set,
                                                    Duration answer_within, Output& out) {
  const std::size_t server = t.central_server;
  t.client.branch = identifiers_.branch_for(m, Side::central);
  t.client.forwarded.clear();
  if (const auto refusal = build_request(now, t, m, hop, target, routes, set, t.client.forwarded, out)) return refusal;
  if (hop.flow.transport == Transport::udp && t.client.forwarded.size() > kMaxDatagram && !servers_[server].no_tcp &&
      router_.place_of_server(server, hop.flow.peer)) {
    hop.flow =
        router_.to_place(now, server, {Transport::tcp, hop.flow.local, hop.flow.peer, ConnectionId::none}, {}, out);
    t.client.forwarded.clear();
    if (build_request(now, t, m, hop, target, routes, set, t.client.forwarded, out) != 0) return std::nullopt;
  }
  t.client.to = hop.flow;
  transactions_.send_request(now, t, answer_within, out);
  servers_.asked(now, server);
  return 0;
}

/// 0, or the status that the request is to be refused with.
std::uint16_t Proxy::build_request(TimePoint now, Transaction& t, const Message& m, const Hop& hop,
                                   std::string_view target, std::string_view routes, DialogSet* set, std::string& text,
                                   Output& out) {
  Edits edits(m);
  t.back.vias = via_lines(m, t.server.from);
  t.ends_subscription = m.method() == Method::notify &&
                        starts_with_ignoring_case(m.value_of(FieldName::subscription_state), "terminated");
  const bool keeps_routes = hop.side == Side::central && t.binding != 0 && m.to_tag().empty();
  rewriter_.edit_request(m, hop, {t.client.branch, target, routes, t.registering.get(), keeps_routes}, t.back, edits);
  if (const auto refusal = bodies_.edit(now, t, m, hop, set, edits, out)) return refusal;
  edits.write(text);
  return edits.ok() ? 0 : 500;
}

void Proxy::no_server_left(TimePoint now, Transaction& t, const Message& m, Output& out) {
  ++counters_.no_server;
  Event event = event_of(Event::Kind::no_server, t.server.from,
                         servers_.configured() == 0 ? "none is configured (central.sip.servers)" : "");
  const Home home =
      t.registering ? t.registering->home : homes_.of(m.from_uri(), t.server.from, bindings_.by_id(t.binding));
  const auto choice = servers_.choose(home.host, home.port);
  for (std::size_t i = 0; i < servers_.all().size(); ++i) {
    const auto& server = servers_.all()[i];
    if ((choice.may >> i & 1U) != 0 && !server.last_error.empty())
      event.text = server.name.to_string() + ": " + server.last_error;
  }
  if (const auto& uri = m.from_uri()) event.aor = plain_user(uri->user);
  event.user_agent = m.value_of(FieldName::user_agent).substr(0, 128);
  if (t.registering) event.device = t.registering->device;
  out.events.push_back(std::move(event));
  refuse_unreached(now, t, m, 503, out, fmt::format("Retry-After: {}\r\n", registrar_.retry_after()));
}

/// A request that can't go on. `m` may be the stored one, which is gone with the response.
void Proxy::refuse_unreached(TimePoint now, Transaction& t, const Message& m, std::uint16_t status, Output& out,
                             std::string_view lines) {
  const DialogSet* const set = t.dialogs != 0 && t.method == Method::bye ? dialogs_.by_id(t.dialogs) : nullptr;
  const std::string tag(set ? set->responder_tag_of(m, t.from_side) : std::string_view{});
  refuse(now, t, status, out, lines);
  calls_.unreached(now, t, tag, out);
}

/// What it asked goes to the next address of that server, if there is one.
void Proxy::server_failed_for(TimePoint now, Transaction& t, std::string why, Output& out) {
  const std::size_t server = t.central_server;
  watch_.server_failed(now, server, std::move(why), out);
  if (servers_[server].up) t.tried &= ~(1U << server);
}

/// Whoever was asked says nothing, and nobody else is left: the phone hears so while it still waits. What comes after
/// all does no harm: a call that rings then is cancelled.
void Proxy::give_up(TimePoint now, Transaction& t, Output& out) {
  if (!other_.parse(as_bytes(t.server.request))) return transactions_.forget(t);
  if (t.is_invite()) {
    t.client.resend = kNever;
    t.client.cancelled = true;
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
  if (t.from_side != Side::access || t.purpose != Transaction::Purpose::forward || t.client.cancelled ||
      t.client.cancel_sent)
    return false;
  const DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  if (!other_.parse(as_bytes(t.server.request))) return false;
  if (!other_.to_tag().empty()) {  // within a dialog: the next address of its server
    if (!set || t.registering) return false;
    const bool moved = forward_again(now, t, other_, out);
    counters_.fail_overs += moved ? 1 : 0;
    return moved;
  }
  if (set && !set->dialogs.empty()) return false;
  ++counters_.fail_overs;
  return forward_again(now, t, other_, out);
}

/// A phone's request once more: to the next server or address, or by the other transport. `m` is what the phone sent.
bool Proxy::forward_again(TimePoint now, Transaction& t, const Message& m, Output& out) {
  if (t.registering) return forward_register(now, t, m, out);
  DialogSet* const set = t.dialogs != 0 && !t.begins_dialogs ? dialogs_.by_id(t.dialogs) : nullptr;
  const Party* const party = set ? Router::other_party(*set, Dialogs::match_in(*set, m, Side::access)) : nullptr;
  return forward_to_central(now, t, m, party, out);
}

}  // namespace dw::sip
