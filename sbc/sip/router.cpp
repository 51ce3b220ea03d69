#include "sbc/sip/router.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/response.hpp"

namespace dw::sip {
namespace {

/// Where RFC 3261 §12.2.1.1 would have the next request go: the first Route, else the remote target.
std::string_view next_hop_host(const Party& party) {
  constexpr std::string_view kRoute = "Route: ";
  std::string_view left = party.routes;
  std::string_view uri_text = party.target;
  if (left.starts_with(kRoute)) {
    left = left.substr(kRoute.size(), left.find('\r') - kRoute.size());
    const auto first = parse_name_addr(next_value(left).value_or(std::string_view{}));
    if (!first) return {};
    uri_text = first->uri;
  }
  const auto uri = parse_uri(uri_text);
  return uri && uri->is_sip() ? uri->host : std::string_view{};
}

}  // namespace

std::optional<Flow> Router::to_server(TimePoint now, std::size_t server, const Endpoint& owner, Transport transport,
                                      Output& out) {
  auto& s = servers_[server];
  const auto* const address = s.address();
  if (!address) return std::nullopt;
  return to_place(now, server, {transport, address->local, address->peer, ConnectionId::none}, owner, out);
}

Flow Router::to_place(TimePoint now, std::size_t server, const Flow& place, const Endpoint& owner, Output& out) {
  if (place.transport == Transport::udp) return place;
  if (const auto open = connections_.to_server(now, server, owner, place.peer)) return *open;
  const Standing standing = owner.address ? sources_.standing(now, owner.address) : Standing::registered;
  return connections_.open(now, server, owner, standing, place, out);
}

/// Where the central side reaches what listens at `local`. Without a mapping it is where the server sees this flow: its
/// packets find back there through any router, for as long as the flow is kept open.
Endpoint Router::us_toward_central(Transport transport, const Endpoint& local,
                                   const std::optional<Endpoint>& seen) const {
  if (options_.central_advertise) return {*options_.central_advertise, local.port};
  const auto mapped =
      std::ranges::find_if(mapped_, [&](const Mapped& m) { return m.transport == transport && m.local == local; });
  return mapped != mapped_.end() ? mapped->external : seen.value_or(local);
}

/// `transport`: that we name. A large request takes a connection to a server of UDP, and nobody listens at our end of
/// it for what the server begins.
std::optional<Endpoint> Router::seen_by(std::size_t server, Transport transport, const Flow& flow) const {
  if (!options_.learn_outside) return std::nullopt;
  if (transport == Transport::udp) {
    const auto& seen = servers_.all()[server].seen;
    const bool same =
        seen && (flow.transport == transport ? seen->by == flow.peer : seen->by.address == flow.peer.address);
    return same ? std::optional(seen->as) : std::nullopt;
  }
  const Connection* const c = connections_.find(flow.connection);
  return c ? c->seen : std::nullopt;
}

Hop Router::hop_to_central(std::size_t server, const Flow& flow, const Flow& phone, std::string_view token,
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
  hop.us = host_port_text(us_toward_central(transport, local, seen_by(server, transport, flow)));
  if (transport == Transport::tcp) hop.contact = ";transport=tcp";
  if (!token.empty()) hop.contact += fmt::format(";dw={}", token);
  return hop;
}

bool Router::set_mapped(std::vector<Mapped> mapped) {
  if (mapped == mapped_) return false;
  mapped_ = std::move(mapped);
  return true;
}

Router::Seen Router::note_seen(const Transaction& t, const Message& answer) {
  const bool to_server = t.purpose == Transaction::Purpose::server_ping ||
                         (t.purpose == Transaction::Purpose::forward && t.from_side == Side::access);
  const auto seen = to_server && options_.learn_outside ? seen_from(answer.via()) : std::nullopt;
  if (!seen) return {};
  Seen learnt{.translated = seen->address != t.client.to.local.address};
  if (t.client.to.transport == Transport::udp) {
    auto& known = servers_[t.central_server].seen;
    learnt.changed = known && known->by == t.client.to.peer && known->as != *seen;
    known = Servers::Seen{t.client.to.peer, *seen};
    outside_ = Outside{t.client.to.local, *seen};
  } else {
    connections_.note_seen(t.client.to.connection, *seen);
  }
  return learnt;
}

/// A user is no secret, and a datagram's source may be forged: by UDP it is enough only for a server that loses the
/// token.
Binding* Router::target_of(const Message& m, const Flow& from, std::size_t server) {
  const auto& uri = m.uri();
  if (!uri) return nullptr;
  if (const auto named = find_param(uri->params, "dw")) {
    Binding* const b = bindings_.by_token(named->value);
    if (b && std::exchange(b->loses_token, false)) bindings_.touched(*b);
    return b;
  }
  const auto& to = m.to_uri();  // of phones in several domains the AOR, which the Contact does not say
  Binding* const b =
      uri->user.empty() ? nullptr : bindings_.only_by_user(uri->user, server, to ? to->host : std::string_view{});
  return b && (b->loses_token || from.transport != Transport::udp) ? b : nullptr;
}

std::optional<Hop> Router::hop_to_phone(const Reach& reach, bool maps_host, std::string_view domain) const {
  Hop hop;
  hop.flow = reach.flow;
  hop.side = Side::access;
  hop.maps_host = maps_host;
  hop.domain = domain;
  hop.phone = reach.flow;
  if (reach.flow.transport == Transport::udp) {
    hop.flow.peer = reach.destination();
  } else if (reach.flow.connection == ConnectionId::none || connections_.is_gone(reach.flow)) {
    return std::nullopt;
  } else {
    hop.contact = ";transport=tcp";
  }
  hop.us = host_port_text({options_.advertise.value_or(reach.flow.local.address), reach.flow.local.port});
  return hop;
}

std::string Router::us_for(const Binding& b) const {
  return host_port_text({options_.advertise.value_or(b.reach.flow.local.address), b.reach.flow.local.port});
}

bool Router::is_phone_of(const DialogSet& set, const Flow& from) const {
  if (set.reach.flow.peer.address == from.peer.address) return true;
  const Binding* const binding = set.binding != 0 ? bindings_.by_id(set.binding) : nullptr;
  return binding && binding->reach.flow.peer.address == from.peer.address;
}

bool Router::may_answer(const Transaction& t, const Flow& from) const {
  if (t.client.to.connection != from.connection) return false;
  if (t.client.to.peer.address == from.peer.address) return true;
  const bool to_central = t.purpose == Transaction::Purpose::server_ping ||
                          (t.purpose == Transaction::Purpose::forward && t.from_side == Side::access);
  return to_central && from.connection == ConnectionId::none &&
         (servers_.at_address(from.peer) || sources_.is_trusted(from.peer.address));
}

std::optional<Flow> Router::place_of_server(std::size_t server, const Endpoint& peer) const {
  const auto& s = servers_.all()[server];
  const auto at = std::ranges::find(s.addresses, peer, &Servers::Address::peer);
  if (at == s.addresses.end()) return std::nullopt;
  return Flow{s.transport, at->local, at->peer, ConnectionId::none};
}

/// Where whoever of the central side sent this request hears ours.
Flow Router::place_of_sender(const Message& m, const Flow& from, std::size_t server) const {
  if (const auto known = place_of_server(server, from.peer)) return *known;
  // The port that answers would go to (RFC 3261 §18.2.2) is one that it listens at.
  const bool says_port = names_address(m.via().host, from.peer.address);
  const Endpoint peer{from.peer.address, says_port ? m.via().port.value_or(kSipPort) : from.peer.port};
  if (const auto known = place_of_server(server, peer)) return *known;
  // A router before it gave it another port: the one that is configured is known to reach it.
  const auto& addresses = servers_.all()[server].addresses;
  const auto same = std::ranges::find_if(addresses, [&](const auto& a) { return a.peer.address == peer.address; });
  if (!says_port && same != addresses.end()) return *place_of_server(server, same->peer);
  return {from.transport, from.local, peer, ConnectionId::none};
}

void Router::note_request_place(Party& party, const Message& m, const Flow& from, std::size_t server) const {
  note_place(party, place_of_sender(m, from, server));
}

void Router::note_place(Party& party, const Flow& place) {
  if (party.place && party.place->peer.address != place.peer.address &&
      !names_address(next_hop_host(party), place.peer.address))
    return;
  if (party.place && party.place->peer.address == place.peer.address && party.place->transport == place.transport)
    return;  // by another port of its own
  party.place = place;
}

void Router::note_answer_place(DialogSet& set, const Transaction& t, const Message& m, const Flow& from) const {
  if (t.from_side != Side::access || m.status() <= 100 || m.status() >= 300) return;
  const bool by_initiator = set.initiator == Side::access;
  DialogSet::Dialog* const dialog = by_initiator ? set.find(m.to_tag()) : nullptr;
  if (by_initiator && !dialog) return;
  Party& party = dialog ? dialog->responder : set.initiator_party;
  auto asked = place_of_server(t.central_server, t.client.to.peer);
  if (!asked && t.client.to.transport == Transport::udp) asked = t.client.to;
  if (asked) party.place = asked;
  if (from.peer.address != t.client.to.peer.address) note_place(party, from);
}

std::optional<Flow> Router::next_place(std::size_t server_number, const std::vector<Endpoint>& tried_places,
                                       const Party* party) const {
  const auto tried = [&](const Endpoint& peer) { return std::ranges::find(tried_places, peer) != tried_places.end(); };
  const auto& server = servers_.all()[server_number];
  if (party && party->place) {
    if (!tried(party->place->peer)) return party->place;
    const bool is_servers = std::ranges::any_of(
        server.addresses, [&](const Servers::Address& a) { return a.peer.address == party->place->peer.address; });
    if (!is_servers && sources_.is_trusted(party->place->peer.address)) return std::nullopt;  // a peer, and no cluster
  }
  if (const auto* const now = server.address(); now && !tried(now->peer))
    return place_of_server(server_number, now->peer);
  for (const Servers::Address& address : server.addresses) {
    if (!tried(address.peer)) return place_of_server(server_number, address.peer);
  }
  return std::nullopt;
}

const Party* Router::other_party(const DialogSet& set, const Dialogs::Match& match) {
  if (!match.from_initiator) return &set.initiator_party;
  return match.dialog ? &match.dialog->responder : nullptr;
}

}  // namespace dw::sip
