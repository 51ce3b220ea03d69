#include "sbc/sip/guard.hpp"

#include <algorithm>

#include "sbc/base/text_cursor.hpp"

namespace dw::sip {
namespace {

constexpr std::size_t kMaxReason = 96;  // octets, as each source has one

}  // namespace

FairRate::Options Guard::rates(const Options& options) {
  FairRate::Options rates;
  rates.per_source = options.message_rate;
  rates.per_known_source = options.registered_message_rate;
  rates.burst = kBurst;
  return rates;
}

Guard::Guard(Options options, std::uint64_t seed)
    : options_(std::move(options)),
      udp_{FairRate(rates(options_), seed, kMaxSources), {kMaxSources, seed + 2}},
      stream_{FairRate(rates(options_), seed + 3, kMaxStreamSources), {kMaxStreamSources, seed + 5}} {}

void Guard::configure(Options options) {
  const auto before = rates(options_), now = rates(options);
  options_ = std::move(options);
  if (before == now) return;
  udp_.rate.configure(now);
  stream_.rate.configure(now);
}

bool Guard::may_ban(const Flow& from, Standing standing) {
  return standing < (from.transport == Transport::udp ? Standing::proven : Standing::registered);
}

bool Guard::admits(TimePoint now, const Flow& from, Standing standing) {
  Way& way = way_of(from);
  if (may_ban(from, standing)) {
    const Record* const record = way.records.find(source_of(from.peer.address));
    if (record && record->banned_until > now) {
      ++ignored_;
      return false;
    }
  }
  return way.rate.take(now, from.peer.address, standing);
}

bool Guard::abuse(TimePoint now, const Flow& from, Standing standing, std::string_view reason) {
  ++abuses_;
  if (!may_ban(from, standing)) return false;
  Record* const r = way_of(from).records.take(now, source_of(from.peer.address), standing, {});
  if (!r) return false;
  if (now - r->last_abuse > kForgiven) r->recent = 0;
  r->last_abuse = now;
  ++r->abuses;
  if (++r->recent < options_.ban_after || options_.ban == Duration{} || r->banned_until > now) return false;
  r->recent = 0;
  r->ban = r->ban == Duration{} ? options_.ban : std::min(2 * r->ban, std::max(kLongestBan, options_.ban));
  r->banned_until = now + r->ban;
  r->reason = reason.substr(0, kMaxReason);
  return true;
}

bool Guard::is_scanner(std::string_view user_agent) const {
  const auto has = [&](const std::string& word) {
    return !std::ranges::search(user_agent, word, [](char a, char b) { return lower(a) == lower(b); }).empty();
  };
  return !user_agent.empty() && std::ranges::any_of(options_.scanners, has);
}

std::vector<Guard::Ban> Guard::bans(TimePoint now) const {
  std::vector<Ban> all;
  for (const Way* const way : {&udp_, &stream_}) {
    way->records.for_each([&](const IpAddress& source, const Record& r) {
      if (r.banned_until > now) all.push_back({source, r.reason, r.abuses, r.banned_until});
    });
  }
  std::ranges::sort(all, std::greater{}, &Ban::until);
  return all;
}

}  // namespace dw::sip
