#include "sbc/sip/register_pace.hpp"

#include <algorithm>
#include <cmath>

#include "sbc/base/fair_share.hpp"

namespace dw::sip {
namespace {

constexpr double kLight = 0.5;  // of weight(): who was challenged goes first
// What a source leaves of a burst, by its weight: from below 0, in advance, to all of it. Who is known and not among
// the heaviest goes before every stranger: each forged source is a light one.
constexpr double kKnownLeaves = -1.2,
                 kKnownHeavyLeavesMore = 1.75;  // by the square: a home at once is light, a flood is not
constexpr double kStrangerLeaves = -0.4, kStrangerHeavyLeavesMore = 1.4;

}  // namespace

double RegisterPace::Load::now_is(TimePoint now) const {
  if (now == at) return count;
  return count * std::exp2(-std::chrono::duration<double>(now - at) / std::chrono::duration<double>(kHalfLife));
}

double RegisterPace::weight(TimePoint now, const IpAddress& address, Standing standing) const {
  const Load* const source = sources_.find(source_of(address));
  const Load* const site = address.is_v6() ? sites_.find(site_of(address)) : nullptr;
  const double load =
      std::max(source ? source->now_is(now) : 0, site ? site->now_is(now) / double{FairShare::kSite} : 0);
  return load / (load + (standing == Standing::stranger ? kHeavy : kKnownHeavy));
}

void RegisterPace::note(TimePoint now, const IpAddress& address, Standing standing) {
  const auto add = [&](SourceTable<IpAddress, Load>& table, const IpAddress& key) {
    if (Load* const load = table.take(now, key, standing, {0, now})) *load = {load->now_is(now) + 1, now};
  };
  add(sources_, source_of(address));
  if (address.is_v6()) add(sites_, site_of(address));
}

bool RegisterPace::take(TimePoint now, TokenBucket& server, const IpAddress& address, Standing standing,
                        bool follows_up) {
  const double heavy = weight(now, address, standing);
  const bool ahead = standing != Standing::stranger || (follows_up && heavy < kLight);
  const double leaves =
      ahead ? kKnownLeaves + kKnownHeavyLeavesMore * heavy * heavy : kStrangerLeaves + kStrangerHeavyLeavesMore * heavy;
  const bool passes = server.take_leaving(now, leaves);
  if (passes) note(now, address, standing);
  return passes;
}

}  // namespace dw::sip
