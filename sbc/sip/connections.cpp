#include "sbc/sip/connections.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace dw::sip {
namespace {

std::string key_to(std::size_t server, const Endpoint& owner, const Endpoint& peer) {
  return fmt::format("{} {} {}", server, owner.to_string(), peer.to_string());
}

}  // namespace

FairShare::Options Connections::share_of(const Options& options) {
  FairShare::Options share;
  share.total = options.to_servers;
  share.per_source = 8;
  share.per_known_source = std::max<std::size_t>(64, options.to_servers / 4);
  share.kept_for_known = 99;
  return share;
}

Connections::Connections(const Options& options, std::uint64_t phones_seed, std::uint64_t servers_seed)
    : places_(options.from_phones, phones_seed), to_servers_(share_of(options), servers_seed) {}

void Connections::configure(const Options& options) {
  places_.configure(options.from_phones);
  to_servers_.configure(share_of(options));
}

ConnectionBudget::Verdict Connections::may_connect(TimePoint now, const IpAddress& address, Standing standing,
                                                   Output& out) {
  const auto answer = places_.arrive(now, last_ + 1, address, standing);
  for (const ConnectionBudget::Id goes : answer.go)
    out.closes.push_back(ConnectionId{goes});
  return answer.verdict;
}

ConnectionId Connections::accepted(TimePoint now, Side side, std::size_t server, const Endpoint& peer,
                                   const Endpoint& local) {
  const ConnectionId id{++last_};
  all_[id] = {Flow{Transport::tcp, local, peer, id}, side, true, server, now};
  if (side == Side::central) places_.left(last_);
  return id;
}

void Connections::holds(ConnectionId id, std::size_t octets, Output& out) {
  for (const ConnectionBudget::Id goes : places_.holds(number(id), octets))
    out.closes.push_back(ConnectionId{goes});
}

void Connections::registered(ConnectionId from_phone, ConnectionId to_server) {
  places_.settled(number(from_phone));
  Connection* const c = at(to_server);
  if (!c || !c->counts_for) return;
  to_servers_.promote(std::exchange(c->counts_for->second, Standing::registered), Standing::registered);
}

std::optional<Flow> Connections::to_server(TimePoint now, std::size_t server, const Endpoint& owner,
                                           const Endpoint& peer) {
  const auto known = by_server_.find(key_to(server, owner, peer));
  Connection* const c = known == by_server_.end() ? nullptr : at(known->second);
  if (!c) return std::nullopt;
  c->used = now;
  return c->flow;
}

Flow Connections::open(TimePoint now, std::size_t server, const Endpoint& owner, Standing standing, const Flow& place,
                       Output& out) {
  // Of strangers only a few have one of their own: the others use the common one.
  if (owner.address && to_servers_.take(owner.address, standing) != FairShare::Verdict::granted) {
    const auto common = to_server(now, server, {}, place.peer);
    return common ? *common : open(now, server, {}, Standing::registered, place, out);
  }
  const ConnectionId id{++last_};
  const Flow flow{place.transport, place.local, place.peer, id};
  Connection& c = all_[id] = {flow, Side::central, false, server, now};
  c.used = now;
  if (owner.address) c.counts_for.emplace(owner.address, standing);
  by_server_[key_to(server, owner, place.peer)] = id;
  out.connects.push_back({id, place.peer, place.local.address});
  return flow;
}

void Connections::connected(TimePoint now, ConnectionId id, const Endpoint& local) {
  Connection* const c = at(id);
  if (!c) return;
  c->flow.local = local;
  c->last_heard = now;
}

void Connections::note_seen(ConnectionId id, const Endpoint& seen) {
  if (Connection* const c = at(id)) c->seen = seen;
}

std::unordered_set<ConnectionId> Connections::unused_since(TimePoint since) const {
  std::unordered_set<ConnectionId> idle;
  for (const auto& [id, c] : all_) {
    if (c.counts_for && c.used < since) idle.insert(id);
  }
  return idle;
}

const Connection* Connections::find(ConnectionId id) const {
  const auto at = all_.find(id);
  return at == all_.end() ? nullptr : &at->second;
}

Connection* Connections::at(ConnectionId id) {
  const auto at = all_.find(id);
  return at == all_.end() ? nullptr : &at->second;
}

void Connections::heard(TimePoint now, ConnectionId id) {
  if (Connection* const c = at(id)) c->last_heard = c->used = now;
}

void Connections::pinged(TimePoint now, ConnectionId id) {
  if (Connection* const c = at(id)) c->last_heard = now;
}

std::optional<Connection> Connections::closed(ConnectionId id) {
  const auto at = all_.find(id);
  if (at == all_.end()) return std::nullopt;
  Connection was = std::move(at->second);
  all_.erase(at);
  places_.left(number(id));
  if (was.counts_for) to_servers_.give_back(was.counts_for->first, was.counts_for->second);
  if (!was.accepted) std::erase_if(by_server_, [&](const auto& entry) { return entry.second == id; });
  return was;
}

void Connections::append_tables(MetricsText& out) const {
  places_.append_tables(out, "sip");
  out.table("sip_connections_to_servers", to_servers_.held(), to_servers_.total());
}

}  // namespace dw::sip
