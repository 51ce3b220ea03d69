#include <algorithm>

#include "sbc/sip/proxy.hpp"

// Who sent it: which side it is of, whether it is heard, and what it does wrong.
namespace dw::sip {

/// The central side is who stands at a server's address; a phone can't stand there too. By UDP the port counts too, as
/// nothing but it shows that a datagram is the server's own.
Side Proxy::side_of(const Flow& from, std::size_t& server) const {
  const Connection* const c = from.connection != ConnectionId::none ? connections_.find(from.connection) : nullptr;
  if (c && !c->accepted) {
    server = c->server;
    return Side::central;
  }
  if (const auto found = from.transport == Transport::udp ? servers_.at(from.peer) : servers_.at_address(from.peer)) {
    server = *found;
    return Side::central;
  }
  const bool trusted = side_is_trusted(from.peer.address) && !servers_.all().empty();
  server = trusted ? servers_.at_address(from.peer).value_or(0) : 0;
  return trusted ? Side::central : Side::access;
}

/// By UDP from a server's address, and not from a port of it. Answers may come from there: their branch is a secret.
bool Proxy::is_other_port_of_server(const Flow& from) const {
  return from.transport == Transport::udp && servers_.at_address(from.peer).has_value();
}

/// Nobody is blamed for it: whoever forges that address would have the server banned.
void Proxy::refuse_other_port(TimePoint now, const Flow& from, Output& out) {
  ++counters_.other_port;
  if (!other_port_told_.take(now)) return;
  out.events.push_back(event_of(Event::Kind::dropped, from,
                                "it has the address of a central server, and another port: if the server sends from "
                                "there, central.sip.trusted has to name that address"));
}

bool Proxy::is_on_lan(const IpAddress& address) const {
  const auto has = [&](const IpNetwork& network) { return network.contains(address); };
  return std::ranges::any_of(lan_, has) || std::ranges::any_of(options_.networks, has);
}

/// A router that maps a port leaves the source as it is, and a public one has no other way to a private address.
bool Proxy::hears(const Flow& from) const {
  const IpAddress& address = from.peer.address;
  if (!options_.at_home || address.is_private() || !from.local.address.is_private() || is_on_lan(address)) return true;
  return is_central(from) || servers_.at_address(from.peer) || bindings_.knows_source(address);
}

Proxy::Heard Proxy::heard_through_router() const {
  if (!options_.at_home) return {};
  // RFC 1918 and RFC 6598: of is_private(), what a router forwards; who has the name of the router may come by hairpin.
  std::vector<IpNetwork> all = {
      IpNetwork::around(IpAddress::v4(0x0a000000), 8), IpNetwork::around(IpAddress::v4(0xac100000), 12),
      IpNetwork::around(IpAddress::v4(0xc0a80000), 16), IpNetwork::around(IpAddress::v4(0x64400000), 10)};
  const auto take = [&all](const IpNetwork& network) {
    if (network.first().is_v4() && !network.first().is_loopback()) all.push_back(network);
  };
  std::ranges::for_each(lan_, take);
  std::ranges::for_each(options_.networks, take);
  if (std::ranges::any_of(all, [](const IpNetwork& n) { return n.bits() == 0; }))
    return {std::nullopt, "access.networks lets everybody in"};
  constexpr unsigned kAll = 32;
  const std::size_t before = all.size();
  for (const Servers::Server& server : servers_.all()) {
    for (const auto* const list : {&server.addresses, &server.former})
      for (const Servers::Address& address : *list)
        take(IpNetwork::around(address.peer.address, kAll));
  }
  if (all.size() == before) return {std::nullopt, "the central side's addresses are not known yet"};
  for (const IpAddress& address : options_.trusted)
    take(IpNetwork::around(address, kAll));
  bool outside = false;
  bindings_.for_each([&](const Binding& b) {
    const IpAddress& at = b.reach.flow.peer.address;
    outside = outside || (at.is_v4() && !at.is_private() &&
                          std::ranges::none_of(all, [&](const IpNetwork& n) { return n.contains(at); }));
  });
  if (outside) return {std::nullopt, "a registered phone stands outside"};
  return {std::move(all), {}};
}

bool Proxy::admits(TimePoint now, const Flow& from) {
  if (!hears(from)) return false;
  return is_central(from) || guard_.admits(now, from, standing_of(now, from.peer.address));
}

/// Registered is who has a phone here; what others know of an address, and what was here lately, is a proof of it.
Standing Proxy::standing_of(TimePoint now, const IpAddress& address) const {
  if (bindings_.knows_source(address)) return Standing::registered;
  return std::min(known_.standing(now, address), Standing::proven);
}

void Proxy::over_central_budget(const Flow& from, Output& out) {
  out.events.push_back(
      event_of(Event::Kind::dropped, from, "more requests in the name of a central server than servers send"));
}

void Proxy::offence(TimePoint now, const Flow& from, std::string_view what, Output& out) {
  note_offence(from, what, out);
  if (guard_.offence(now, from, standing_of(now, from.peer.address), what))
    out.events.push_back(event_of(Event::Kind::banned, from, std::string(what)));
}

/// Without a step toward a ban.
void Proxy::note_offence(const Flow& from, std::string_view what, Output& out) {
  Event event = event_of(Event::Kind::offence, from, std::string(what));
  event.of_registered = bindings_.knows_source(from.peer.address);
  out.events.push_back(std::move(event));
}

}  // namespace dw::sip
