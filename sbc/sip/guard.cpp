#include "sbc/sip/guard.hpp"

#include <algorithm>

#include "sbc/base/text_cursor.hpp"

namespace dw::sip {
namespace {

constexpr unsigned kSite = 64;  // bits of an IPv6 address that one customer has

IpAddress who(const IpAddress& address) {
  return address.is_v6() ? address.network(kSite) : address;
}

}  // namespace

Guard::Source* Guard::source_of(TimePoint now, const IpAddress& address) {
  const IpAddress key = who(address);
  const auto known = sources_.find(key);
  if (known != sources_.end()) return &known->second;
  if (sources_.size() >= kMaxSources) forget_quiet(now);
  if (sources_.size() >= kMaxSources) return nullptr;
  Source fresh{
      TokenBucket(options_.message_rate, kBurst * options_.message_rate), false, 0, 0, {}, {}, {}, {}};
  return &sources_.emplace(key, std::move(fresh)).first->second;
}

void Guard::forget_quiet(TimePoint now) {
  for (auto at = sources_.begin(); at != sources_.end();) {
    Source& s = at->second;
    const bool quiet =
        s.banned_until <= now && (s.recent == 0 || now - s.last_offence > kForgiven) && s.bucket.full(now);
    at = quiet ? sources_.erase(at) : std::next(at);
  }
}

void Guard::configure(Options options) {
  const bool other_rates = options.message_rate != options_.message_rate ||
                           options.registered_message_rate != options_.registered_message_rate;
  options_ = std::move(options);
  if (!other_rates) return;
  for (auto& [address, source] : sources_) {
    const double rate = source.registered ? options_.registered_message_rate : options_.message_rate;
    source.bucket = TokenBucket(rate, kBurst * rate);
  }
}

bool Guard::admits(TimePoint now, const IpAddress& source, bool registered) {
  Source* const s = source_of(now, source);
  if (!s) return strangers_.take(now);
  if (s->registered != registered) {
    s->registered = registered;
    const double rate = registered ? options_.registered_message_rate : options_.message_rate;
    s->bucket = TokenBucket(rate, kBurst * rate);
  }
  if (!registered && s->banned_until > now) {
    ++ignored_;
    return false;
  }
  if (s->bucket.take(now)) return true;
  ++limited_;
  return false;
}

bool Guard::offence(TimePoint now, const IpAddress& source, std::string_view reason) {
  ++offences_;
  Source* const s = source_of(now, source);
  if (!s || s->registered) return false;
  if (now - s->last_offence > kForgiven) s->recent = 0;
  s->last_offence = now;
  ++s->offences;
  if (++s->recent < options_.ban_after || options_.ban == Duration{} || s->banned_until > now) return false;
  s->recent = 0;
  s->ban = s->ban == Duration{} ? options_.ban : std::min(2 * s->ban, std::max(kLongestBan, options_.ban));
  s->banned_until = now + s->ban;
  s->reason = reason;
  return true;
}

bool Guard::is_scanner(std::string_view user_agent) const {
  const auto has = [&](const std::string& word) {
    return !std::ranges::search(user_agent, word, [](char a, char b) {
              return lower(a) == lower(b);
            }).empty();
  };
  return !user_agent.empty() && std::ranges::any_of(options_.scanners, has);
}

std::vector<Guard::Ban> Guard::bans(TimePoint now) const {
  std::vector<Ban> all;
  for (const auto& [address, s] : sources_) {
    if (s.banned_until > now) all.push_back({address, s.reason, s.offences, s.banned_until});
  }
  std::ranges::sort(all, std::greater{}, &Ban::until);
  return all;
}

}  // namespace dw::sip
