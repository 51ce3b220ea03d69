#include "sbc/base/connection_budget.hpp"

#include <limits>
#include <string>

namespace dw {
namespace {

FairShare::Options share_of(const ConnectionBudget::Options& o) {
  FairShare::Options share;
  share.total = o.total;
  share.per_source = share.per_known_source = o.per_source;
  return share;
}

FairShare::Options memory_of(const ConnectionBudget::Options& o) {
  FairShare::Options share;
  share.total = o.max_held;
  share.per_source = o.max_held / ConnectionBudget::kStrangersPart;
  share.per_known_source = o.max_held / ConnectionBudget::kKnownPart;
  return share;
}

FairRate::Options rate_of(const ConnectionBudget::Options& o) {
  FairRate::Options rate;
  rate.per_source = rate.per_known_source = o.rate;
  return rate;
}

constexpr std::size_t kind_of(Standing standing, bool shown) {
  return 2 * static_cast<std::size_t>(standing) + (shown ? 1 : 0);
}

}  // namespace

ConnectionBudget::ConnectionBudget(const Options& options, std::uint64_t seed)
    : options_(options),
      share_(share_of(options), seed),
      rate_(rate_of(options), seed + 2),
      memory_(memory_of(options), seed + 4),
      crowds_{SourceCrowd(seed + 6),  SourceCrowd(seed + 8),  SourceCrowd(seed + 10),
              SourceCrowd(seed + 12), SourceCrowd(seed + 14), SourceCrowd(seed + 16)},
      heavy_{SourceCrowd(seed + 18), SourceCrowd(seed + 20)} {}

void ConnectionBudget::configure(const Options& options) {
  if (options == options_) return;
  options_ = options;
  share_.configure(share_of(options));
  rate_.configure(rate_of(options));
  memory_.configure(memory_of(options));
}

SourceCrowd& ConnectionBudget::crowd_of(const Entry& entry) {
  return crowds_[kind_of(entry.standing, entry.shown)];
}

SourceCrowd::Member ConnectionBudget::place_of(Id id, const Entry& entry) {
  return {source_of(entry.address), entry.number, id, 1};
}

/// Orders a source's connections so that the heaviest comes first.
SourceCrowd::Member ConnectionBudget::weight_of(Id id, const Entry& entry) {
  return {source_of(entry.address), std::numeric_limits<std::uint64_t>::max() - entry.held, id, entry.held};
}

bool ConnectionBudget::is_young(TimePoint now, Id id) const {
  const Entry& entry = entries_.at(id);
  return now - entry.since < (entry.shown ? kShownGrace : kGrace);
}

std::size_t ConnectionBudget::waiting_of(const IpAddress& source) const {
  std::size_t all = 0;
  for (const SourceCrowd& crowd : crowds_)
    all += crowd.weight_of(source);
  return all;
}

std::optional<ConnectionBudget::Id> ConnectionBudget::victim(TimePoint now, const IpAddress& from, Standing standing,
                                                             FairShare::Verdict why) const {
  const IpAddress source = source_of(from);
  if (why == FairShare::Verdict::source) {
    for (const SourceCrowd& crowd : crowds_) {
      if (const auto first = crowd.first_of(source); first && !is_young(now, *first)) return first;
    }
    return std::nullopt;
  }
  const std::size_t own = waiting_of(source);
  const bool of_site = why == FairShare::Verdict::site;
  const std::size_t kinds = kind_of(why == FairShare::Verdict::strangers ? Standing::stranger : standing, true) + 1;
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    const auto most = of_site ? crowds_[kind].most_of_site(site_of(from)) : crowds_[kind].most();
    if (!most) continue;
    if (!is_young(now, most->id)) return most->id;
    // When all phones of a home connect at once that is no flood, as long as others have been silent for longer.
    if (const auto oldest = crowds_[kind].first(); !of_site && !is_young(now, *oldest)) return oldest;
    if (most->weight > own + 1) return most->id;
  }
  return std::nullopt;
}

ConnectionBudget::Answer ConnectionBudget::arrive(TimePoint now, Id id, const IpAddress& from, Standing standing) {
  left(id);
  Answer answer;
  if (options_.rate > 0 && !rate_.take(now, from, standing)) {
    answer.verdict = Verdict::rate;
    return answer;
  }
  for (auto why = share_.take(from, standing); why != FairShare::Verdict::granted; why = share_.take(from, standing)) {
    const auto goes = victim(now, from, standing, why);
    if (!goes) {
      const bool own = why == FairShare::Verdict::source || why == FairShare::Verdict::site;
      answer.verdict = own ? Verdict::per_source : Verdict::total;
      return answer;
    }
    remove(entries_.find(*goes));
    ++evicted_;
    answer.go.push_back(*goes);
  }
  Entry& entry = entries_[id];
  entry = {from, standing, false, false, now, ++arrivals_, 0};
  crowd_of(entry).add(place_of(id, entry));
  return answer;
}

void ConnectionBudget::move(TimePoint now, Id id, bool shown) {
  const auto at = entries_.find(id);
  if (at == entries_.end() || at->second.shown == shown || at->second.settled) return;
  Entry& entry = at->second;
  crowd_of(entry).remove(place_of(id, entry));
  entry.shown = shown;
  entry.since = now;
  entry.number = ++arrivals_;
  crowd_of(entry).add(place_of(id, entry));
}

void ConnectionBudget::shown(TimePoint now, Id id) {
  move(now, id, true);
}
void ConnectionBudget::idle(TimePoint now, Id id) {
  move(now, id, false);
}

void ConnectionBudget::settled(Id id) {
  const auto at = entries_.find(id);
  if (at == entries_.end() || at->second.settled) return;
  Entry& entry = at->second;
  crowd_of(entry).remove(place_of(id, entry));
  if (entry.held != 0) heavy_of(entry).remove(weight_of(id, entry));
  share_.promote(entry.standing, Standing::registered);
  memory_.promote(entry.standing, Standing::registered, entry.held);
  entry.standing = Standing::registered;
  entry.settled = true;
}

void ConnectionBudget::left(Id id) {
  if (const auto at = entries_.find(id); at != entries_.end()) remove(at);
}

void ConnectionBudget::remove(Entries::iterator at) {
  auto& [id, entry] = *at;
  let_hold(id, entry, 0);
  if (!entry.settled) crowd_of(entry).remove(place_of(id, entry));
  share_.give_back(entry.address, entry.standing);
  entries_.erase(at);
}

// ---- octets held ----

/// `octets` have already been granted.
void ConnectionBudget::let_hold(Id id, Entry& entry, std::size_t octets) {
  if (entry.held != 0) {
    if (!entry.settled) heavy_of(entry).remove(weight_of(id, entry));
    memory_.give_back(entry.address, entry.standing, entry.held);
  }
  entry.held = octets;
  if (octets != 0 && !entry.settled) heavy_of(entry).add(weight_of(id, entry));
}

/// The heaviest connection of the source that holds the most, counting what this connection asks for.
ConnectionBudget::Id ConnectionBudget::heaviest(Id asks, const Entry& entry, std::size_t octets,
                                                FairShare::Verdict why) const {
  if (why == FairShare::Verdict::source || why == FairShare::Verdict::site) return asks;
  const IpAddress source = source_of(entry.address);
  const std::size_t own = octets + heavy_[0].weight_of(source) + heavy_[1].weight_of(source);
  const std::size_t kinds = why == FairShare::Verdict::strangers || entry.standing == Standing::stranger ? 1 : 2;
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    // A known source's message never has to wait for a stranger's.
    const bool worth_less = kind == 0 && entry.standing != Standing::stranger;
    if (const auto most = heavy_[kind].most(); most && (worth_less || most->weight > own)) return most->id;
  }
  return asks;
}

std::vector<ConnectionBudget::Id> ConnectionBudget::holds(Id id, std::size_t octets) {
  std::vector<Id> go;
  const auto at = entries_.find(id);
  if (at == entries_.end() || at->second.held == octets) return go;
  Entry& entry = at->second;
  let_hold(id, entry, 0);
  if (octets == 0) return go;
  for (auto why = memory_.take(entry.address, entry.standing, octets); why != FairShare::Verdict::granted;
       why = memory_.take(entry.address, entry.standing, octets)) {
    const Id goes = heaviest(id, entry, octets, why);
    remove(entries_.find(goes));
    ++evicted_;
    go.push_back(goes);
    if (goes == id) return go;
  }
  let_hold(id, entry, octets);
  return go;
}

void ConnectionBudget::append_tables(MetricsText& out, std::string_view service) const {
  const std::string name(service);
  out.table(name + "_connections", share_.held(), options_.total);
  if (options_.rate > 0) out.table(name + "_connection_rates", rate_.size(), FairRate::kMaxSources);
  if (options_.max_held > 0) out.table(name + "_held_octets", memory_.held(), options_.max_held);
  out.counter("dropwire_" + name + "_evicted_total", "Connections that made room for others.", evicted_);
}

std::string_view to_string(ConnectionBudget::Verdict verdict) {
  switch (verdict) {
    case ConnectionBudget::Verdict::taken:
      return "";
    case ConnectionBudget::Verdict::total:
      return "max_connections";
    case ConnectionBudget::Verdict::per_source:
      return "max_connections_per_source";
    case ConnectionBudget::Verdict::rate:
      return "connection_rate";
  }
  return "";
}

}  // namespace dw
