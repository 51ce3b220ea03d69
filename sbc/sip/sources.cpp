#include "sbc/sip/sources.hpp"

#include <algorithm>

#include "sbc/sip/events.hpp"

namespace dw::sip {

/// A phone can't stand at a server's address. By UDP the port counts too, as nothing but it shows that a datagram is
/// the server's own.
std::optional<std::size_t> Sources::server_of(const Flow& from) const {
  const Connection* const c = from.connection != ConnectionId::none ? connections_.find(from.connection) : nullptr;
  if (c && !c->accepted) return c->server;
  if (const auto found = from.transport == Transport::udp ? servers_.at(from.peer) : servers_.at_address(from.peer))
    return found;
  if (!is_trusted(from.peer.address) || servers_.all().empty()) return std::nullopt;
  return servers_.at_address(from.peer).value_or(0);
}

bool Sources::is_trusted(const IpAddress& address) const {
  return std::ranges::find(options_.trusted, address) != options_.trusted.end();
}

bool Sources::is_other_port_of_server(const Flow& from) const {
  return from.transport == Transport::udp && servers_.at_address(from.peer).has_value();
}

void Sources::refuse_other_port(TimePoint now, const Flow& from, Output& out) {
  if (!dropped_events_.take(now)) return;
  out.events.push_back(event_of(Event::Kind::dropped, from,
                                "it has the address of a central server, and another port: if the server sends from "
                                "there, central.sip.trusted has to name that address"));
}

bool Sources::is_on_lan(const IpAddress& address) const {
  const auto has = [&](const IpNetwork& network) { return network.contains(address); };
  return std::ranges::any_of(lan_, has) || std::ranges::any_of(options_.networks, has);
}

/// A router that maps a port leaves the source as it is, and a public one has no other way to a private address.
bool Sources::hears(const Flow& from) const {
  const IpAddress& address = from.peer.address;
  if (!options_.at_home || address.is_private() || !from.local.address.is_private() || is_on_lan(address)) return true;
  return is_central(from) || servers_.at_address(from.peer) || bindings_.knows_source(address);
}

Sources::Heard Sources::heard_through_router() const {
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

void Sources::not_heard(TimePoint now, const Flow& from, Output& out) {
  last_stranger_ = now;
  if (!dropped_events_.take(now)) return;
  out.events.push_back(event_of(Event::Kind::dropped, from,
                                "it came from the internet through the router, where only the central side and "
                                "registered phones are heard; access.networks lets others in"));
}

bool Sources::admits(TimePoint now, const Flow& from) {
  if (!hears(from)) return false;
  return is_central(from) || guard_.admits(now, from, standing(now, from.peer.address));
}

Standing Sources::standing(TimePoint now, const IpAddress& address) const {
  if (bindings_.knows_source(address)) return Standing::registered;
  return std::min(known_.standing(now, address), Standing::proven);
}

void Sources::abuse(TimePoint now, const Flow& from, std::string_view what, Output& out) {
  note_abuse(from, what, out);
  if (guard_.abuse(now, from, standing(now, from.peer.address), what))
    out.events.push_back(event_of(Event::Kind::banned, from, std::string(what)));
}

void Sources::note_abuse(const Flow& from, std::string_view what, Output& out) const {
  Event event = event_of(Event::Kind::abuse, from, std::string(what));
  event.of_registered = bindings_.knows_source(from.peer.address);
  out.events.push_back(std::move(event));
}

}  // namespace dw::sip
