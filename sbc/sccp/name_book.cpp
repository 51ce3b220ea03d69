#include "sbc/sccp/name_book.hpp"

namespace dw::sccp {
namespace {

std::string name_at(std::string_view name, const IpAddress& source) {
  const auto octets = source.octets();
  std::string key(name);
  key += '\0';
  key.append(octets.begin(), octets.end());
  return key;
}

Standing standing_by(unsigned evidence) {
  return evidence == 0 ? Standing::stranger : Standing::registered;
}

}  // namespace

NameBook::NameBook(double registrations_per_minute, std::uint64_t seed)
    : a_minute_(registrations_per_minute), homes_(kMaxNames, seed), budgets_(kMaxNames, seed + 1), crowd_(1, 1) {
  crowd_ = bucket();
}

TokenBucket NameBook::bucket() const {
  constexpr double kSecondsAMinute = 60;
  return {a_minute_ / kSecondsAMinute, a_minute_};
}

void NameBook::configure(double registrations_per_minute) {
  if (registrations_per_minute == a_minute_) return;
  a_minute_ = registrations_per_minute;
  crowd_ = bucket();
  budgets_.for_each([&](const std::string&, Budget& budget) { budget.bucket = bucket(); });
}

bool NameBook::may_register(TimePoint now, std::string_view name, const IpAddress& from, unsigned evidence) {
  Budget* const own = budgets_.take(now, name_at(name, source_of(from)), standing_by(evidence), {bucket()});
  return own ? own->bucket.take(now) : crowd_.take(now);
}

void NameBook::registered(TimePoint now, std::string_view name, const IpAddress& from, bool took_config) {
  const IpAddress source = source_of(from);
  Home* const known = homes_.take(now, std::string(name), took_config ? Standing::registered : Standing::proven, {});
  if (!known) return;
  Home& home = *known;
  if (home.home == source) {
    home.other = {};
    return;
  }
  if (home.other != source) {
    home.other = source;
    home.other_since = now;
  }
  const bool first = !home.home && took_config;
  if (first || now - home.other_since >= kSettled) home = {source, {}, {}};
}

unsigned NameBook::evidence(std::string_view name, const IpAddress& from, bool took_config) const {
  const Home* const known = homes_.find(std::string(name));
  const bool home = known && known->home == source_of(from);
  return (home ? 1U : 0U) + (took_config ? 1U : 0U);
}

}  // namespace dw::sccp
