#include "sbc/base/source_crowd.hpp"

#include <limits>

namespace dw {

SourceCrowd::Rank SourceCrowd::rank_of(const IpAddress& source, const Source& of) {
  return {of.weight, std::numeric_limits<std::uint64_t>::max() - of.members.begin()->first, source};
}

void SourceCrowd::enter(const IpAddress& source, const Source& of) {
  if (of.members.empty()) return;
  ranks_.insert(rank_of(source, of));
  if (source.is_v6()) sites_[site_of(source)].insert(rank_of(source, of));
}

void SourceCrowd::leave(const IpAddress& source, const Source& of) {
  if (of.members.empty()) return;
  ranks_.erase(rank_of(source, of));
  const auto site = source.is_v6() ? sites_.find(site_of(source)) : sites_.end();
  if (site == sites_.end()) return;
  site->second.erase(rank_of(source, of));
  if (site->second.empty()) sites_.erase(site);
}

void SourceCrowd::add(const Member& member) {
  Source& of = sources_[member.source];
  leave(member.source, of);
  if (of.members.emplace(member.order, member.id).second) of.weight += member.weight;
  members_.emplace(member.order, member.id);
  enter(member.source, of);
}

void SourceCrowd::remove(const Member& member) {
  const auto at = sources_.find(member.source);
  if (at == sources_.end()) return;
  Source& of = at->second;
  leave(member.source, of);
  if (of.members.erase({member.order, member.id}) != 0) {
    of.weight -= member.weight;
    members_.erase({member.order, member.id});
  }
  enter(member.source, of);
  if (of.members.empty()) sources_.erase(at);
}

std::size_t SourceCrowd::weight_of(const IpAddress& source) const {
  const auto at = sources_.find(source);
  return at == sources_.end() ? 0 : at->second.weight;
}

std::optional<std::uint64_t> SourceCrowd::first_of(const IpAddress& source) const {
  const auto at = sources_.find(source);
  return at == sources_.end() ? std::nullopt : std::optional(at->second.members.begin()->second);
}

std::optional<std::uint64_t> SourceCrowd::first() const {
  return members_.empty() ? std::nullopt : std::optional(members_.begin()->second);
}

std::optional<SourceCrowd::Most> SourceCrowd::most_of_site(const IpAddress& site) const {
  const auto at = sites_.find(site);
  return at == sites_.end() ? std::nullopt : most_in(at->second);
}

std::optional<SourceCrowd::Most> SourceCrowd::most_in(const Ranks& ranks) const {
  if (ranks.empty()) return std::nullopt;
  const auto& [weight, early, source] = *ranks.rbegin();
  return Most{weight, *first_of(source)};
}

}  // namespace dw
