#include <algorithm>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/proxy.hpp"
#include "sbc/sip/response.hpp"

// Where the central side's end of a dialog is: a name may have many addresses, and a trusted peer is no server of ours.
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

/// Whoever was asked may answer, and beside it any other address of the central side: a cluster's node answers for its
/// common address. A branch is no secret to whoever sees it pass, so nobody else may.
bool Proxy::may_answer(const Transaction& t, const Flow& from) const {
  if (t.to.connection != from.connection) return false;
  if (t.to.peer.address == from.peer.address) return true;
  const bool to_central = t.purpose == Transaction::Purpose::server_ping ||
                          (t.purpose == Transaction::Purpose::forward && t.from_side == Side::access);
  return to_central && from.connection == ConnectionId::none &&
         (servers_.at_address(from.peer) || side_is_trusted(from.peer.address));
}

/// One of a server's addresses as a place; none: it has no such one.
std::optional<Flow> Proxy::place_of_server(std::size_t server, const Endpoint& peer) const {
  const auto& s = servers_.all()[server];
  const auto at = std::ranges::find(s.addresses, peer, &Servers::Address::peer);
  if (at == s.addresses.end()) return std::nullopt;
  return Flow{s.transport, at->local, at->peer, ConnectionId::none};
}

/// Where whoever of the central side sent this request hears ours.
Flow Proxy::place_of_sender(const Message& m, const Flow& from, std::size_t server) const {
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

/// A request of the central side, by the party that sent it. One from elsewhere takes the dialog there once its own
/// Contact or route set says so too.
void Proxy::note_place(Party& party, const Flow& place) {
  if (party.place && party.place->peer.address != place.peer.address &&
      !names_address(next_hop_host(party), place.peer.address))
    return;
  if (party.place && party.place->peer.address == place.peer.address && party.place->transport == place.transport)
    return;  // by another port of its own
  party.place = place;
}

/// An answer to a phone's request: the dialog runs over the address that the request went to, or over the one that
/// answered and says that it is there.
void Proxy::note_answer_place(const Transaction& t, const Message& m, const Flow& from) {
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  if (!set || t.from_side != Side::access || m.status() <= 100 || m.status() >= 300) return;
  const bool by_initiator = set->initiator == Side::access;
  DialogSet::Dialog* const dialog = by_initiator ? set->find(m.to_tag()) : nullptr;
  if (by_initiator && !dialog) return;
  Party& party = dialog ? dialog->responder : set->initiator_party;
  auto asked = place_of_server(t.central_server, t.to.peer);
  if (!asked && t.to.transport == Transport::udp) asked = t.to;
  if (asked) party.place = asked;
  if (from.peer.address != t.to.peer.address) note_place(party, from);
}

/// Where the next request of a phone in this dialog goes, the addresses that were tried already left out: where the
/// dialog runs, then its server's others. Nothing: none is left.
std::optional<Flow> Proxy::next_place(const Transaction& t, const Party* party) const {
  const auto tried = [&](const Endpoint& peer) {
    return std::ranges::find(t.tried_places, peer) != t.tried_places.end();
  };
  const auto& server = servers_.all()[t.central_server];
  if (party && party->place) {
    if (!tried(party->place->peer)) return party->place;
    const bool is_servers = std::ranges::any_of(
        server.addresses, [&](const Servers::Address& a) { return a.peer.address == party->place->peer.address; });
    if (!is_servers && side_is_trusted(party->place->peer.address)) return std::nullopt;  // a peer, and no cluster
  }
  if (const auto* const now = server.address(); now && !tried(now->peer))
    return place_of_server(t.central_server, now->peer);
  for (const Servers::Address& address : server.addresses) {
    if (!tried(address.peer)) return place_of_server(t.central_server, address.peer);
  }
  return std::nullopt;
}

bool Proxy::side_is_trusted(const IpAddress& address) const {
  return std::ranges::find(options_.trusted, address) != options_.trusted.end();
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
  transactions_.for_each([&](const Transaction& t) { used = used || t.to.peer == peer; });
  return used;
}

/// The party that a request of `from` in this dialog is for.
const Party* Proxy::other_party(const DialogSet& set, const Dialogs::Match& match) {
  if (!match.from_initiator) return &set.initiator_party;
  return match.dialog ? &match.dialog->responder : nullptr;
}

}  // namespace dw::sip
