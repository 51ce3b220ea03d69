#include "sbc/admin/login_limit.hpp"

#include <algorithm>
#include <utility>

#include "sbc/base/source.hpp"

namespace dw::admin {

void LoginLimit::Record::add(TimePoint now, unsigned free, Duration longest) {
  if (wrong != 0 && now - last >= kForget) wrong = 0;
  last = now;
  ++wrong;
  if (wrong < free) return;
  constexpr unsigned kMaxDoublings = 20;
  const Duration doubled = std::chrono::seconds(std::int64_t{1} << std::min(wrong - free, kMaxDoublings));
  until = now + std::min(doubled, longest);
}

Duration LoginLimit::wait(TimePoint now, const IpAddress& source) {
  const auto found = sources_.find(source_of(source));
  const bool known = found != sources_.end() && now < found->second.known_until;
  TimePoint until = known ? TimePoint{} : all_.until;
  if (found != sources_.end()) until = std::max(until, found->second.until);
  return until > now ? until - now : Duration{};
}

void LoginLimit::wrong(TimePoint now, const IpAddress& source) {
  Record& record = record_of(source_of(source));
  record.add(now, kFree, kLongest);
  all_.add(now, kFreeForAll, kLongestForAll);
}

void LoginLimit::right(TimePoint now, const IpAddress& source) {
  record_of(source_of(source)) = {0, now, {}, now + kKnown};
}

LoginLimit::Record& LoginLimit::record_of(const IpAddress& source) {
  const auto found = sources_.find(source);
  if (found != sources_.end()) return found->second;
  if (sources_.size() >= kMaxSources)
    sources_.erase(std::ranges::min_element(sources_, {}, [](const auto& entry) {
      return std::pair(entry.second.known_until != TimePoint{}, entry.second.last);
    }));
  return sources_[source];
}

}  // namespace dw::admin
