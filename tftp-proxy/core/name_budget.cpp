#include "tftp-proxy/core/name_budget.hpp"

#include <algorithm>

#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/trust_list.hpp"

namespace dw::provisioning {

std::string_view to_string(NameBudget::Way way) {
  return way == NameBudget::Way::udp ? "tftp" : "http";
}

NameBudget::NameBudget(KnownSources& known, const Options& options, std::uint64_t seed)
    : known_(known),
      options_(options),
      hash_(seed),
      names_(kMaxNames, seed + 1),
      udp_(rate_of(options), seed + 2, kMaxSources),
      tcp_(rate_of(options), seed + 3, kMaxSources),
      said_(kMaxSources, seed + 4) {}

FairRate::Options NameBudget::rate_of(const Options& options) {
  FairRate::Options rate;
  rate.per_source = options.rate;
  rate.per_known_source = options.registered_rate;
  rate.burst = options.burst;
  return rate;
}

void NameBudget::configure(const Options& options) {
  options_ = options;
  udp_.configure(rate_of(options));
  tcp_.configure(rate_of(options));
}

/// Origins differ in case, and phones too: one name in any case of letters.
std::uint64_t NameBudget::key_of(std::string_view name) const {
  std::string small(name);
  std::ranges::transform(small, small.begin(), [](char c) { return lower(c); });
  return hash_(small);
}

void NameBudget::exists(TimePoint now, std::string_view name) {
  if (Name* const kept = names_.take(now, key_of(name), Standing::proven, Name{})) *kept = {true, {}};
}

/// Names that strangers made up give way to each other, and to those that exist.
void NameBudget::missing(TimePoint now, std::string_view name, TimePoint until) {
  if (Name* const kept = names_.take(now, key_of(name), Standing::stranger, Name{})) *kept = {false, until};
}

bool NameBudget::knows(TimePoint now, std::string_view name) const {
  if (is_free(name)) return true;
  const Name* const kept = names_.find(key_of(name));
  return kept && (kept->exists || now < kept->missing_until);
}

bool NameBudget::is_free(std::string_view name) const {
  return options_.trust_lists_are_free && is_trust_list_name(name);
}

NameBudget::Verdict NameBudget::admits(TimePoint now, const IpAddress& source, Way way, std::string_view name) {
  const bool kept_out = admissions_ && !is_free(name) && admissions_->keeps_out(now, source, name);
  if (!kept_out && knows(now, name)) return Verdict::yes;
  // A transfer or a handshake is cheap for whoever guesses: only a registered phone makes a source worth more here.
  const bool registered = known_.standing(now, source) == Standing::registered;
  const Standing standing = registered ? Standing::registered : Standing::stranger;
  const bool by_udp = udp_.take(now, source, standing);
  const bool passes = way == Way::udp ? by_udp : tcp_.take(now, source, standing);
  return passes ? Verdict::yes : refuse(now, source, way, name);
}

NameBudget::Verdict NameBudget::refuse(TimePoint now, const IpAddress& address, Way way, std::string_view name) {
  ++refused_[static_cast<std::size_t>(way)];
  const IpAddress source = source_of(address);
  Enumerator& latest = enumerators_.see([&](const Enumerator& e) { return e.source == source && e.way == way; },
                                        {source, way, {}, 0, {}});
  ++latest.refused;
  latest.last = now;
  latest.example = name.substr(0, kMaxExample);
  TimePoint* const said = said_.take(now, source, Standing::stranger, TimePoint{});
  if (!said || (*said != TimePoint{} && now - *said < kSaidAgain)) return Verdict::no;
  *said = now;
  return Verdict::abuse;
}

void NameBudget::append_metrics(MetricsText& out) const {
  for (const Way way : {Way::udp, Way::tcp}) {
    out.counter("dropwire_names_refused_total", "Requests for names not known to exist, beyond a source's budget.",
                refused_[static_cast<std::size_t>(way)], {{"transport", std::string(to_string(way))}});
  }
  out.gauge("dropwire_names", "Names that are known to exist or to be missing.", static_cast<double>(names_.size()));
}

}  // namespace dw::provisioning
