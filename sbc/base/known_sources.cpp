#include "sbc/base/known_sources.hpp"

#include <algorithm>

namespace dw {

void KnownSources::proved(TimePoint now, const IpAddress& address, Standing standing, Duration lasts) {
  if (standing == Standing::stranger) return;
  const IpAddress source = source_of(address);
  const Proof* const before = sources_.find(source);
  Proof* const proof = sources_.take(now, source, before ? std::max(standing, before->at(now)) : standing, {});
  if (!proof) return;
  TimePoint& until = standing == Standing::registered ? proof->registered_until : proof->proven_until;
  until = std::max(until, now + lasts);
}

Standing KnownSources::standing(TimePoint now, const IpAddress& address) const {
  const Proof* const proof = sources_.find(source_of(address));
  return proof ? proof->at(now) : Standing::stranger;
}

}  // namespace dw
