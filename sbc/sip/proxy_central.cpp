#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/events.hpp"
#include "sbc/sip/proxy.hpp"
#include "sbc/sip/response.hpp"

// Requests of the central side, and which phone gets them; ACKs of both sides.
namespace dw::sip {

void Proxy::from_central(TimePoint now, const Flow& from, std::size_t server, const Message& m, std::string key,
                         Output& out) {
  Dialogs::Match match = dialogs_.match(m, Side::central);
  Binding* const binding = match.set ? bindings_.by_id(match.set->binding) : router_.target_of(m, from, server);
  if (!match.set && !binding) return answer(now, m, from, m.to_tag().empty() ? 404 : 481, out);
  if (from.transport == Transport::udp && !central_budget_.admits(now, server)) return over_central_budget(from, out);
  const bool starts = !match.set && m.method() == Method::invite;
  if (starts && (draining_ || dialogs_.calls() >= options_.max_calls))
    return answer(now, m, from, draining_ ? 480 : 503, out, "Retry-After: 5\r\n");
  if (!match.set && is_merged(m, Side::central, binding->id, {})) return answer(now, m, from, 482, out);
  Transaction* const t = begin(now, from, Side::central, m, std::move(key), out);
  if (!t) return;
  t->central_server = server;
  t->binding = binding ? binding->id : 0;
  t->domain = match.set ? match.set->domain : homes_.domain_of(*binding);
  if (match.set) {
    t->dialogs = match.set->id;
    if (m.method() == Method::bye) match.set->ended_by = Call::EndedBy::central;
    match.set->refresh_target(m, match.from_initiator, match.dialog);
    if (!match.from_initiator && !match.dialog) match.dialog = match.set->find(m.from_tag());
    if (match.from_initiator) {
      router_.note_request_place(match.set->initiator_party, m, from, match.set->server);
    } else if (match.dialog) {
      router_.note_request_place(match.dialog->responder, m, from, match.set->server);
    }
  } else if (m.method() == Method::invite || m.method() == Method::subscribe || m.method() == Method::refer) {
    DialogSet* set = dialogs_.find(m.call_id(), m.from_tag(), Side::central, binding->id, {});
    if (!set) set = dialogs_.begin(m.call_id(), m.from_tag(), Side::central);
    t->begins_dialogs = true;
    if (set) {
      t->dialogs = set->id;
      set->method = m.method();
      set->server = server;
      set->central = from.connection;
      set->binding = binding->id;
      set->reach = binding->reach;
      set->maps_host = binding->maps_host;
      set->domain = t->domain;
      set->aor = set->own_number = binding->user;
      set->device = binding->device;
      if (const auto& uri = m.from_uri()) set->far_number = uri->user;
      set->far_name = m.from().display;
      calls_.begin(now, *set);
      set->note(m, t->from_side, t->begins_dialogs);
      set->initiator_party.place = router_.place_of_sender(m, from, server);
    }
  }
  if (m.method() == Method::invite) transactions_.respond(now, *t, make_response(m, from, 100, "Trying", {}), 100, out);
  to_phone(now, *t, m, match.set ? Router::other_party(*match.set, match) : nullptr, out);
}

void Proxy::to_phone(TimePoint now, Transaction& t, const Message& m, const Party* party, Output& out) {
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  const Binding* const binding = t.binding != 0 ? bindings_.by_id(t.binding) : nullptr;
  // A phone that moved is followed; a call of one that is not registered stays where it is.
  const auto hop = router_.hop_to_phone(binding ? bindings_.reach_of(*binding) : set->reach,
                                        binding ? binding->maps_host : set->maps_host, t.domain);
  if (!hop) return refuse_unreached(now, t, m, 480, out, "Retry-After: 5\r\n");
  std::string_view target = party ? std::string_view(party->target) : std::string_view{};
  const std::string_view routes = party ? std::string_view(party->routes) : std::string_view{};
  if (target.empty() && binding) target = binding->contact_uri;
  t.client.branch = identifiers_.branch_for(m, Side::access);
  if (const auto refusal = build_request(now, t, m, *hop, target, routes, set, t.client.forwarded, out))
    return refuse_unreached(now, t, m, refusal, out, BodyRewriter::refusal_lines(refusal));
  t.client.to = hop->flow;
  if (t.client.to.transport == Transport::udp && t.client.forwarded.size() > kMaxPhoneOctets)
    out.events.push_back(event_of(Event::Kind::large, t.client.to,
                                  fmt::format("{} of {} bytes", m.method_text(), t.client.forwarded.size())));
  transactions_.send_request(now, t, {}, out);
}

/// Of a 2xx it goes end to end and has no transaction; of any other answer it ends here (RFC 3261 §17.1.1.3).
/// Some phones leave its To tag out, so what counts is the branch (cisco-provisioning §5.4).
void Proxy::on_ack(TimePoint now, const Flow& from, Side side, const Message& m, Output& out) {
  if (Transaction* const t = transactions_.find_server(server_key(m, from.peer.address, "INVITE"))) {
    if (transactions_.on_ack(now, *t)) return;
  }
  const auto own = [&](const DialogSet& set) { return side == Side::access && is_phone_of(set, from); };
  const auto match = dialogs_.match(m, side, own);
  if (!match.set || !match.dialog || m.max_forwards() == 0u || check_request(m) ||
      (side == Side::access && !is_phone_of(*match.set, from))) {
    ++counters_.dropped;
    return;
  }
  DialogSet& set = *match.set;
  const Party& party = match.from_initiator ? match.dialog->responder : set.initiator_party;
  const Binding* const binding = set.binding != 0 ? bindings_.by_id(set.binding) : nullptr;
  std::optional<Hop> hop;
  if (side == Side::access) {
    const Endpoint owner{from.peer.address,
                         from.transport == Transport::udp ? answer_address(m, from, false).port : from.peer.port};
    const auto flow = party.place ? std::optional(router_.to_place(now, set.server, *party.place, owner, out))
                                  : router_.to_server(now, set.server, owner, servers_[set.server].transport, out);
    if (flow)
      hop = router_.hop_to_central(set.server, *flow, from,
                                   binding ? std::string_view(binding->token) : std::string_view{}, set.domain);
  } else {
    hop = router_.hop_to_phone(binding ? bindings_.reach_of(*binding) : set.reach, set.maps_host, set.domain);
  }
  if (!hop) {
    ++counters_.dropped;
    return;
  }
  Transaction once;  // an ACK has no state
  once.client.branch = identifiers_.branch_for(m, hop->side);
  once.server.from = from;
  std::string text;
  if (build_request(now, once, m, *hop, party.target, party.routes, &set, text, out) == 0)
    out.send(hop->flow, std::move(text));
}

}  // namespace dw::sip
