#include "sbc/sip/connection_slots.hpp"

namespace dw::sip {

FairShare::Options ConnectionSlots::share_of(const Options& options) {
  FairShare::Options share;
  share.total = options.total;
  share.per_source = share.per_known_source = options.per_source;
  return share;
}

ConnectionSlots::ConnectionSlots(const Options& options, std::uint64_t seed)
    : share_(share_of(options), seed), by_source_(0, KeyedHash(seed + 2)) {}

std::optional<ConnectionId> ConnectionSlots::oldest(TimePoint now, const Ids& ids) const {
  if (ids.empty() || now - all_.at(*ids.begin()).opened < kGrace) return std::nullopt;
  return *ids.begin();
}

ConnectionSlots::Verdict ConnectionSlots::take(TimePoint now, const IpAddress& address, Standing standing) {
  Verdict verdict{share_.take(address, standing), std::nullopt};
  if (verdict.granted()) return verdict;
  std::optional<ConnectionId> goes;
  switch (verdict.why) {
    case FairShare::Verdict::source:
    case FairShare::Verdict::site:
      if (const auto own = by_source_.find(source_of(address)); own != by_source_.end()) goes = oldest(now, own->second);
      break;
    case FairShare::Verdict::strangers:
      goes = oldest(now, strangers_);
      break;
    default:
      goes = oldest(now, strangers_);
      if (!goes && standing != Standing::stranger) goes = oldest(now, unsettled_);
      break;
  }
  if (!goes) return verdict;
  closed(*goes);
  verdict.why = share_.take(address, standing);
  verdict.evicted = goes;
  return verdict;
}

void ConnectionSlots::opened(TimePoint now, ConnectionId id, const IpAddress& address, Standing standing) {
  all_[id] = {address, standing, now, false};
  unsettled_.insert(id);
  by_source_[source_of(address)].insert(id);
  if (standing == Standing::stranger) strangers_.insert(id);
}

void ConnectionSlots::let_go(ConnectionId id, const Entry& entry) {
  unsettled_.erase(id);
  strangers_.erase(id);
  const auto own = by_source_.find(source_of(entry.address));
  if (own == by_source_.end()) return;
  own->second.erase(id);
  if (own->second.empty()) by_source_.erase(own);
}

void ConnectionSlots::settled(ConnectionId id) {
  const auto at = all_.find(id);
  if (at == all_.end() || at->second.settled) return;
  let_go(id, at->second);
  at->second.settled = true;
  share_.promote(at->second.standing, Standing::registered);
  at->second.standing = Standing::registered;
}

void ConnectionSlots::closed(ConnectionId id) {
  const auto at = all_.find(id);
  if (at == all_.end()) return;
  let_go(id, at->second);
  share_.give_back(at->second.address, at->second.standing);
  all_.erase(at);
}

bool HalfMessages::hold(Held& held, const IpAddress& address, Standing standing, std::size_t octets) {
  const std::size_t wanted = (octets + kBlock - 1) / kBlock;
  for (; held.blocks > wanted; --held.blocks)
    share_.give_back(address, held.standing);
  if (held.blocks == 0) held.standing = standing;
  for (; held.blocks < wanted; ++held.blocks) {
    if (share_.take(address, held.standing) == FairShare::Verdict::granted) continue;
    for (; held.blocks > 0; --held.blocks)
      share_.give_back(address, held.standing);
    return false;
  }
  return true;
}

}  // namespace dw::sip
