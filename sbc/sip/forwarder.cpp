#include "sbc/sip/forwarder.hpp"

#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/events.hpp"
#include "sbc/sip/response.hpp"

namespace dw::sip {
namespace {

constexpr std::size_t kMaxDatagram = 1300;  // RFC 3261 §18.1.1

std::string_view token_of(const Binding* binding) {
  return binding ? std::string_view(binding->token) : std::string_view{};
}

}  // namespace

Forwarder::Forwarder(ProxyParts& parts)
    : options_(parts.options),
      counters_(parts.counters),
      identifiers_(parts.identifiers),
      servers_(parts.servers),
      bindings_(parts.bindings),
      dialogs_(parts.dialogs),
      transactions_(parts.transactions),
      connections_(parts.connections),
      rewriter_(parts.rewriter),
      bodies_(parts.bodies),
      calls_(parts.calls),
      sources_(parts.sources),
      homes_(parts.homes),
      router_(parts.router),
      registrar_(parts.registrar),
      responder_(parts.responder) {}

/// Whose connection to a server this request uses.
Endpoint Forwarder::owner_of(const Transaction& t) {
  return {t.server.from.peer.address,
          t.server.from.transport == Transport::udp ? t.server.answer_to.port : t.server.from.peer.port};
}

bool Forwarder::to_central(TimePoint now, Transaction& t, const Message& m, const Party* party, Output& out) {
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  const bool in_dialog = set && !t.begins_dialogs;
  const Binding* const binding = t.binding != 0 ? bindings_.by_id(t.binding) : nullptr;
  if (!in_dialog) {
    const auto& all = servers_.all();
    const bool stays = t.tried == 0 && t.binding != 0 && t.central_server < all.size() &&
                       all[t.central_server].configured && all[t.central_server].up && all[t.central_server].address();
    const Home home = stays ? Home{} : homes_.of(m.from_uri(), t.server.from, binding);
    const auto picked = stays ? std::optional(t.central_server)
                              : servers_.pick(now, t.tried, t.emergency, servers_.choose(home.host, home.port));
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
  Hop hop = router_.hop_to_central(t.central_server, *flow, t.server.from, token_of(binding), t.domain);
  const Toward toward = in_dialog && party ? Toward{party->target, party->routes, set} : Toward{.set = set};
  const auto refusal = send_to_central(now, t, m, std::move(hop), toward, answer_within, out);
  if (!refusal) return false;
  if (*refusal != 0) {
    refuse(now, t, m, *refusal, out, BodyRewriter::refusal_lines(*refusal));
  } else if (t.is_invite()) {
    connections_.shown(now, t.server.from.connection);
  }
  return true;
}

bool Forwarder::to_registrar(TimePoint now, Transaction& t, const Message& m, Output& out,
                             std::optional<std::size_t> named) {
  const auto picked =
      named ? named
            : servers_.pick(now, t.tried, false, servers_.choose(t.registering->home.host, t.registering->home.port));
  if (!picked) return false;
  t.central_server = *picked;
  t.tried |= 1U << *picked;
  if (const auto seconds = registrar_.put_off(now, t, *picked)) {
    responder_.refuse(now, t, 503, out, fmt::format("Retry-After: {}\r\n", *seconds));
    return true;
  }
  const auto flow = router_.to_server(now, *picked, owner_of(t), servers_[*picked].transport, out);
  if (!flow) return false;
  Hop hop = router_.hop_to_central(*picked, *flow, t.server.from, {}, t.domain);
  t.registering->us = hop.us;
  const auto refusal = send_to_central(now, t, m, std::move(hop), {}, options_.answer_timeout, out);
  if (!refusal) return false;
  if (*refusal == 500) {  // more to change than one message may have
    responder_.refuse(now, t, 513, out);
  } else if (*refusal != 0) {
    responder_.refuse(now, t, *refusal, out, BodyRewriter::refusal_lines(*refusal));
  } else {
    connections_.shown(now, t.server.from.connection);
  }
  return true;
}

/// Builds a phone's request and sends it. One that is too large for a datagram takes TCP (RFC 3261 §18.1.1) where its
/// server may take that: back to UDP when nobody listens there (`no_tcp`). 0, or the status that it is to be refused
/// with; nothing: it can't be sent to this server.
std::optional<std::uint16_t> Forwarder::send_to_central(TimePoint now, Transaction& t, const Message& m, Hop hop,
                                                        const Toward& toward, Duration answer_within, Output& out) {
  const std::size_t server = t.central_server;
  t.client.branch = identifiers_.branch_for(m, Side::central);
  t.client.forwarded.clear();
  if (const auto refusal = build(now, t, m, hop, toward, t.client.forwarded, out)) return refusal;
  if (hop.flow.transport == Transport::udp && t.client.forwarded.size() > kMaxDatagram && !servers_[server].no_tcp &&
      router_.place_of_server(server, hop.flow.peer)) {
    hop.flow =
        router_.to_place(now, server, {Transport::tcp, hop.flow.local, hop.flow.peer, ConnectionId::none}, {}, out);
    t.client.forwarded.clear();
    if (build(now, t, m, hop, toward, t.client.forwarded, out) != 0) return std::nullopt;
  }
  t.client.to = hop.flow;
  transactions_.send_request(now, t, answer_within, out);
  servers_.asked(now, server);
  return 0;
}

/// 0, or the status that the request is to be refused with.
std::uint16_t Forwarder::build(TimePoint now, Transaction& t, const Message& m, const Hop& hop, const Toward& toward,
                               std::string& text, Output& out) {
  Edits edits(m);
  t.back.vias = via_lines(m, t.server.from);
  t.ends_subscription = m.method() == Method::notify &&
                        starts_with_ignoring_case(m.value_of(FieldName::subscription_state), "terminated");
  const bool keeps_routes = hop.side == Side::central && t.binding != 0 && m.to_tag().empty();
  rewriter_.edit_request(m, hop, {t.client.branch, toward.target, toward.routes, t.registering.get(), keeps_routes},
                         t.back, edits);
  if (const auto refusal = bodies_.edit(now, t, m, hop, toward.set, edits, out)) return refusal;
  edits.write(text);
  return edits.ok() ? 0 : 500;
}

void Forwarder::to_phone(TimePoint now, Transaction& t, const Message& m, const Party* party, Output& out) {
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  const Binding* const binding = t.binding != 0 ? bindings_.by_id(t.binding) : nullptr;
  // A phone that moved is followed; a call of one that is not registered stays where it is.
  const auto hop = router_.hop_to_phone(binding ? bindings_.reach_of(*binding) : set->reach,
                                        binding ? binding->maps_host : set->maps_host, t.domain);
  if (!hop) return refuse(now, t, m, 480, out, "Retry-After: 5\r\n");
  Toward toward = party ? Toward{party->target, party->routes, set} : Toward{.set = set};
  if (toward.target.empty() && binding) toward.target = binding->contact_uri;
  t.client.branch = identifiers_.branch_for(m, Side::access);
  if (const auto refusal = build(now, t, m, *hop, toward, t.client.forwarded, out))
    return refuse(now, t, m, refusal, out, BodyRewriter::refusal_lines(refusal));
  t.client.to = hop->flow;
  note_size(t.client.to, m.method_text(), t.client.forwarded.size(), out);
  transactions_.send_request(now, t, {}, out);
}

void Forwarder::ack(TimePoint now, const Flow& from, Side side, const Message& m, Output& out) {
  if (Transaction* const t = transactions_.find_server(server_key(m, from.peer.address, "INVITE"))) {
    if (transactions_.on_ack(now, *t)) return;
  }
  const auto own = [&](const DialogSet& set) { return side == Side::access && router_.is_phone_of(set, from); };
  const auto match = dialogs_.match(m, side, own);
  if (!match.set || !match.dialog || m.max_forwards() == 0u || check_request(m) ||
      (side == Side::access && !own(*match.set))) {
    ++counters_.dropped;
    return;
  }
  const Party& party = match.from_initiator ? match.dialog->responder : match.set->initiator_party;
  const auto hop = hop_of_ack(now, from, side, m, *match.set, party, out);
  if (!hop) {
    ++counters_.dropped;
    return;
  }
  Transaction once;  // an ACK has no state
  once.client.branch = identifiers_.branch_for(m, hop->side);
  once.server.from = from;
  std::string text;
  if (build(now, once, m, *hop, {party.target, party.routes, match.set}, text, out) == 0)
    out.send(hop->flow, std::move(text));
}

std::optional<Hop> Forwarder::hop_of_ack(TimePoint now, const Flow& from, Side side, const Message& m,
                                         const DialogSet& set, const Party& party, Output& out) {
  const Binding* const binding = set.binding != 0 ? bindings_.by_id(set.binding) : nullptr;
  if (side == Side::central)
    return router_.hop_to_phone(binding ? bindings_.reach_of(*binding) : set.reach, set.maps_host, set.domain);
  const Endpoint owner{from.peer.address,
                       from.transport == Transport::udp ? answer_address(m, from, false).port : from.peer.port};
  const auto flow = party.place ? std::optional(router_.to_place(now, set.server, *party.place, owner, out))
                                : router_.to_server(now, set.server, owner, servers_[set.server].transport, out);
  if (!flow) return std::nullopt;
  return router_.hop_to_central(set.server, *flow, from, token_of(binding), set.domain);
}

void Forwarder::cancel(TimePoint now, const Flow& from, const Message& m, Output& out) {
  Transaction* const t = transactions_.find_server(server_key(m, from.peer.address, "INVITE"));
  if (!t) {
    if (sources_.knows(from)) responder_.answer(now, m, from, 481, out);
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
  if (t->client.may_cancel() && !t->client.cancel_sent) send_cancel(now, *t, out);
}

void Forwarder::send_cancel(TimePoint now, Transaction& t, Output& out) {
  if (!sent_.parse(as_bytes(t.client.forwarded))) return;
  transactions_.send_cancel(now, t, make_cancel(sent_, t.client.cancel_fields), out);
}

void Forwarder::refuse(TimePoint now, Transaction& t, const Message& m, std::uint16_t status, Output& out,
                       std::string_view lines) {
  const DialogSet* const set = t.dialogs != 0 && t.method == Method::bye ? dialogs_.by_id(t.dialogs) : nullptr;
  const std::string tag(set ? set->responder_tag_of(m, t.from_side) : std::string_view{});
  responder_.refuse(now, t, status, out, lines);
  calls_.unreached(now, t, tag, out);
}

}  // namespace dw::sip
