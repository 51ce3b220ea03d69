#include "sbc/sccp/connection_budget.hpp"

#include <algorithm>
#include <limits>

namespace dw::sccp {
namespace {

constexpr std::size_t kKinds = 4;

FairShare::Options share_of(const ConnectionBudget::Options& o) {
  return {o.total, o.per_source, o.per_source, ConnectionBudget::kKeptForKnown};
}
FairRate::Options rate_of(const ConnectionBudget::Options& o) {
  return {.per_source = o.rate, .per_known_source = o.rate, .total = 0, .burst = 5};
}

}  // namespace

ConnectionBudget::Crowd::Rank ConnectionBudget::Crowd::rank_of(const IpAddress& source, const Source& of) const {
  return {of.places.size(), std::numeric_limits<std::uint64_t>::max() - of.ranked_as, source};
}

void ConnectionBudget::Crowd::add(const IpAddress& source, Place place) {
  Source& of = sources[source];
  if (!of.places.empty()) ranks.erase(rank_of(source, of));
  of.places.insert(place);
  of.ranked_as = of.places.begin()->first;
  ranks.insert(rank_of(source, of));
}

void ConnectionBudget::Crowd::remove(const IpAddress& source, Place place) {
  const auto at = sources.find(source);
  if (at == sources.end()) return;
  Source& of = at->second;
  ranks.erase(rank_of(source, of));
  of.places.erase(place);
  if (of.places.empty()) {
    sources.erase(at);
    return;
  }
  of.ranked_as = of.places.begin()->first;
  ranks.insert(rank_of(source, of));
}

std::size_t ConnectionBudget::Crowd::count(const IpAddress& source) const {
  const auto at = sources.find(source);
  return at == sources.end() ? 0 : at->second.places.size();
}

std::optional<std::size_t> ConnectionBudget::Crowd::oldest_of(const IpAddress& source) const {
  const auto at = sources.find(source);
  if (at == sources.end()) return std::nullopt;
  return at->second.places.begin()->second;
}

std::optional<std::pair<std::size_t, std::size_t>> ConnectionBudget::Crowd::oldest_of_most() const {
  if (ranks.empty()) return std::nullopt;
  const auto& [most, age, source] = *ranks.rbegin();
  return std::pair(most, *oldest_of(source));
}

ConnectionBudget::ConnectionBudget(const Options& options, std::uint64_t seed)
    : options_(options), share_(share_of(options), seed), rate_(rate_of(options), seed + 1) {
  for (std::size_t i = 0; i < kKinds; ++i)
    crowds_.emplace_back(seed + 2 + i);
}

void ConnectionBudget::configure(const Options& options) {
  if (options == options_) return;
  options_ = options;
  share_.configure(share_of(options));
  rate_.configure(rate_of(options));
}

ConnectionBudget::Crowd& ConnectionBudget::crowd_of(const Entry& entry) {
  const std::size_t known = entry.standing == Standing::stranger ? 0 : 2;
  return crowds_[known + (entry.named ? 1 : 0)];
}

std::size_t ConnectionBudget::waiting_of(const IpAddress& source) const {
  std::size_t all = 0;
  for (const Crowd& crowd : crowds_)
    all += crowd.count(source);
  return all;
}

std::optional<std::size_t> ConnectionBudget::victim(TimePoint now, const IpAddress& source, Standing standing,
                                                    FairShare::Verdict why) const {
  const auto old = [&](std::size_t slot) { return now - entries_[slot].since >= kGrace; };
  if (why == FairShare::Verdict::source) {
    for (const Crowd& crowd : crowds_) {
      if (const auto slot = crowd.oldest_of(source); slot && old(*slot)) return slot;
    }
    return std::nullopt;
  }
  if (why == FairShare::Verdict::site) return std::nullopt;
  const std::size_t own = waiting_of(source);
  // A stranger's place is made by strangers, a known one's by anybody who is not registered.
  const std::size_t kinds = standing == Standing::stranger ? 2 : kKinds;
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    const auto most = crowds_[kind].oldest_of_most();
    if (!most) continue;
    const bool idle = kind % 2 == 0;
    if (most->first > own + 1 || (idle && old(most->second))) return most->second;
  }
  return std::nullopt;
}

ConnectionBudget::Answer ConnectionBudget::arrive(TimePoint now, std::size_t slot, const IpAddress& from, Standing standing) {
  Answer answer;
  if (!rate_.take(now, from, standing)) {
    answer.verdict = Verdict::rate;
    return answer;
  }
  const IpAddress source = source_of(from);
  for (auto verdict = share_.take(from, standing); verdict != FairShare::Verdict::granted; verdict = share_.take(from, standing)) {
    const auto goes = victim(now, source, standing, verdict);
    if (!goes) {
      const bool own = verdict == FairShare::Verdict::source || verdict == FairShare::Verdict::site;
      answer.verdict = own ? Verdict::per_source : Verdict::total;
      return answer;
    }
    remove(*goes);
    ++evicted_;
    answer.go.push_back(*goes);
  }
  if (entries_.size() <= slot) entries_.resize(slot + 1);
  Entry& entry = entries_[slot];
  entry = {from, standing, true, false, false, now, ++arrivals_, 0};
  crowd_of(entry).add(source, {entry.number, slot});
  return answer;
}

void ConnectionBudget::named(std::size_t slot) {
  if (slot >= entries_.size()) return;
  Entry& entry = entries_[slot];
  if (!entry.there || entry.named || entry.registered) return;
  const Place place{entry.number, slot};
  crowd_of(entry).remove(source_of(entry.source), place);
  entry.named = true;
  crowd_of(entry).add(source_of(entry.source), place);
}

void ConnectionBudget::registered(std::size_t slot) {
  if (slot >= entries_.size()) return;
  Entry& entry = entries_[slot];
  if (!entry.there || entry.registered) return;
  set_held(slot, 0);
  crowd_of(entry).remove(source_of(entry.source), {entry.number, slot});
  entry.registered = true;
  share_.promote(entry.standing, Standing::registered);
  entry.standing = Standing::registered;
}

void ConnectionBudget::set_held(std::size_t slot, std::size_t octets) {
  Entry& entry = entries_[slot];
  if (entry.held == octets) return;
  heavy_.erase({entry.held, slot});
  held_ = held_ - entry.held + octets;
  entry.held = octets;
  if (octets != 0) heavy_.insert({octets, slot});
}

std::optional<std::size_t> ConnectionBudget::holds(std::size_t slot, std::size_t octets) {
  if (slot >= entries_.size() || !entries_[slot].there || entries_[slot].registered) return std::nullopt;
  set_held(slot, octets);
  if (held_ <= kMaxHeld) return std::nullopt;
  const std::size_t heaviest = heavy_.rbegin()->second;
  remove(heaviest);
  ++evicted_;
  return heaviest;
}

void ConnectionBudget::left(std::size_t slot) {
  if (slot < entries_.size() && entries_[slot].there) remove(slot);
}

void ConnectionBudget::remove(std::size_t slot) {
  set_held(slot, 0);
  Entry& entry = entries_[slot];
  if (!entry.registered) crowd_of(entry).remove(source_of(entry.source), {entry.number, slot});
  share_.give_back(entry.source, entry.standing);
  entry.there = false;
}

std::string_view to_string(ConnectionBudget::Verdict verdict) {
  switch (verdict) {
    case ConnectionBudget::Verdict::taken:
      return "";
    case ConnectionBudget::Verdict::total:
      return "access.sccp.max_connections";
    case ConnectionBudget::Verdict::per_source:
      return "access.sccp.max_connections_per_source";
    case ConnectionBudget::Verdict::rate:
      return "access.sccp.connection_rate";
  }
  return "";
}

}  // namespace dw::sccp
