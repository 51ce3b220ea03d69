#include "sbc/base/fair_share.hpp"

#include <algorithm>

namespace dw {

FairShare::FairShare(const Options& options, std::uint64_t seed)
    : options_(options), sources_(0, KeyedHash(seed)), sites_(0, KeyedHash(seed + 1)) {}

std::size_t FairShare::count(const Counts& counts, const IpAddress& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

std::size_t FairShare::held_by(const IpAddress& address) const {
  return count(sources_, source_of(address));
}

FairShare::Verdict FairShare::judge(const IpAddress& address, Standing standing, std::size_t amount) const {
  const auto full = [amount](std::size_t held, std::size_t bound) { return held >= bound || amount > bound - held; };
  const bool stranger = standing == Standing::stranger;
  const std::size_t most = stranger ? options_.per_source : options_.per_known_source;
  if (most != 0 && full(count(sources_, source_of(address)), most)) return Verdict::source;
  if (most != 0 && address.is_v6() && full(count(sites_, site_of(address)), kSite * most)) return Verdict::site;
  if (full(held_, options_.total)) return Verdict::total;
  const std::size_t kept = options_.total * std::min(options_.kept_for_known, 100U) / 100;
  if (stranger && full(strangers_, options_.total - kept)) return Verdict::strangers;
  return Verdict::granted;
}

FairShare::Verdict FairShare::take(const IpAddress& address, Standing standing, std::size_t amount) {
  const Verdict verdict = judge(address, standing, amount);
  if (verdict != Verdict::granted) {
    ++refused_;
    return verdict;
  }
  held_ += amount;
  strangers_ += standing == Standing::stranger ? amount : 0;
  sources_[source_of(address)] += amount;
  if (address.is_v6()) sites_[site_of(address)] += amount;
  return verdict;
}

void FairShare::give_back(const IpAddress& address, Standing standing, std::size_t amount) {
  const auto less = [amount](Counts& counts, const IpAddress& key) {
    const auto found = counts.find(key);
    if (found == counts.end()) return;
    found->second -= std::min(found->second, amount);
    if (found->second == 0) counts.erase(found);
  };
  held_ -= std::min(held_, amount);
  if (standing == Standing::stranger) strangers_ -= std::min(strangers_, amount);
  less(sources_, source_of(address));
  if (address.is_v6()) less(sites_, site_of(address));
}

void FairShare::promote(Standing from, Standing to, std::size_t amount) {
  if (from == Standing::stranger && to != Standing::stranger) strangers_ -= std::min(strangers_, amount);
}

std::string_view to_string(FairShare::Verdict verdict) {
  switch (verdict) {
    case FairShare::Verdict::granted:
      return "";
    case FairShare::Verdict::source:
      return "source";
    case FairShare::Verdict::site:
      return "site";
    case FairShare::Verdict::strangers:
      return "strangers";
    case FairShare::Verdict::total:
      return "total";
  }
  return "";
}

FairRate::FairRate(const Options& options, std::uint64_t seed, std::size_t sources)
    : options_(options),
      sources_(sources, seed),
      sites_(std::max<std::size_t>(1, sources / 8), seed + 1),
      crowd_(1, 1),
      all_(1, 1),
      strangers_(1, 1) {
  configure(options);
}

void FairRate::configure(const Options& options) {
  options_ = options;
  const double strangers = options.total * (100 - std::min(options.kept_for_known, 100U)) / 100;
  all_ = bucket_of(options.total);
  strangers_ = bucket_of(strangers);
  crowd_ = bucket_of(options.per_source);
  sources_.for_each([&](const IpAddress&, Source& s) {
    s.bucket = bucket_of(s.known ? options_.per_known_source : options_.per_source);
  });
  sites_.for_each([&](const IpAddress&, Source& s) {
    s.bucket = bucket_of(FairShare::kSite * (s.known ? options_.per_known_source : options_.per_source));
  });
}

bool FairRate::take(TimePoint now, const IpAddress& address, Standing standing) {
  const bool stranger = standing == Standing::stranger;
  const double rate = stranger ? options_.per_source : options_.per_known_source;
  const auto may = [&](SourceTable<IpAddress, Source>& table, const IpAddress& key, double its_rate) {
    Source* const s = table.take(now, key, standing, {bucket_of(its_rate), !stranger});
    if (!s) return crowd_.take(now);
    if (s->known == stranger) *s = {bucket_of(its_rate), !stranger};
    return s->bucket.take(now);
  };
  const bool passes = may(sources_, source_of(address), rate) &&
                      (!address.is_v6() || may(sites_, site_of(address), FairShare::kSite * rate)) &&
                      (options_.total <= 0 || ((!stranger || strangers_.take(now)) && all_.take(now)));
  refused_ += passes ? 0 : 1;
  return passes;
}

}  // namespace dw
