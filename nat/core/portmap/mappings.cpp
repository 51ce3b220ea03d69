#include "nat/core/portmap/mappings.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace dw::nat::portmap {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kAskRefusedAgain = seconds(30), kAskRefusedLatest = minutes(30);

}  // namespace

void Mappings::begin(TimePoint now) {
  epoch.forget();
  for (Entry& entry : entries) {
    entry.asked = false;
    entry.tries = 0;
    entry.due = now;
  }
}

std::size_t Mappings::find(const Wanted& wanted) const {
  return static_cast<std::size_t>(std::ranges::find(entries, wanted, &Entry::wanted) - entries.begin());
}

std::size_t Mappings::under_way() const {
  return static_cast<std::size_t>(std::ranges::count(entries, true, &Entry::asked));
}

bool Mappings::may_ask(std::size_t at) const {
  return !entries[at].wanted.follows || at == 0 || !entries[at - 1].asked;
}

Endpoint Mappings::suggestion(std::size_t at) const {
  const Entry& entry = entries[at];
  if (entry.wanted.follows && at > 0 && entries[at - 1].granted) {
    const Endpoint& before = entries[at - 1].granted->external;
    return {before.address, static_cast<std::uint16_t>(before.port + 1)};
  }
  if (entry.granted) return entry.granted->external;
  return {external_, entry.wanted.internal};
}

Duration Mappings::jittered(Duration about) const {
  constexpr std::int64_t kParts = 1000, kSpread = 200;
  const auto part = static_cast<std::int64_t>(options_.random() % (kSpread + 1));
  return about * (kParts - kSpread / 2 + part) / kParts;
}

// ---- what is due ----

bool Mappings::ask_due(TimePoint now, const Pace& pace, const Send& send) {
  for (Entry& entry : entries) {
    if (!entry.asked || entry.due > now) continue;
    // The first port's request is the check on the router: without an answer to it, nothing granted counts any more.
    if (entry.tries >= pace.tries && (!entry.granted || &entry == &entries.front())) {
      last_error = "the router does not answer any more";
      return false;
    }
    send(entry, lifetime());
  }
  std::size_t running = under_way() + (pace.other ? 1 : 0);
  for (std::size_t i = 0; i < entries.size() && running < pace.window; ++i) {
    Entry& entry = entries[i];
    if (entry.asked || entry.due > now || !may_ask(i)) continue;
    entry.tries = 0;
    send(entry, lifetime());
    ++running;
  }
  return true;
}

bool Mappings::remove_due(TimePoint now, std::size_t window, const Send& send, Actions& actions) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Entry& entry = entries[i];
    if (!entry.asked || entry.due > now) continue;
    if (entry.tries >= kRemoveTries) {
      removed(i, actions);
    } else {
      send(entry, 0);
    }
  }
  std::size_t running = under_way();
  bool left = running > 0;
  for (Entry& entry : entries) {
    if (entry.asked || entry.due == TimePoint::max()) continue;
    left = true;
    if (running >= window) break;
    send(entry, 0);
    ++running;
  }
  return left;
}

TimePoint Mappings::next_deadline(const Pace& pace) const {
  TimePoint next = TimePoint::max();
  const bool room = under_way() + (pace.other ? 1 : 0) < pace.window;
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (entries[i].asked || (room && may_ask(i))) next = std::min(next, entries[i].due);
  return next;
}

void Mappings::expire(TimePoint now, Actions& actions) {
  for (Entry& entry : entries) {
    if (!entry.granted || entry.granted->expires > now) continue;
    actions.events.push_back({.kind = Event::Kind::lost, .wanted = entry.wanted, .external = entry.granted->external});
    actions.changed = true;
    entry.granted.reset();
  }
}

void Mappings::forget_granted(TimePoint now, Actions& actions) {
  for (Entry& entry : entries)
    if (entry.granted) entry.granted->expires = now;
  expire(now, actions);
}

void Mappings::removed(std::size_t at, Actions& actions) {
  Entry& entry = entries[at];
  if (entry.granted) {
    actions.events.push_back(
        {.kind = Event::Kind::removed, .wanted = entry.wanted, .external = entry.granted->external});
    actions.changed = true;
    entry.granted.reset();
  }
  entry.asked = entry.tried = false;
  entry.due = TimePoint::max();
}

// ---- the router's answers ----

void Mappings::on_granted(TimePoint now, std::size_t at, Endpoint external, std::uint32_t lifetime, Actions& actions) {
  Entry& entry = entries[at];
  if (!external.address.is_v4() || external.address.is_unspecified()) external.address = {};
  const bool same = entry.granted && entry.granted->external == external;
  // A mapping that lasts until the router restarts is renewed all the same, as the router may restart.
  const auto counted = seconds(std::min(lifetime == 0 ? this->lifetime() : lifetime, kMaxLifetime));
  entry.granted = Granted{entry.wanted, external, seconds(lifetime), lifetime == 0 ? TimePoint::max() : now + counted};
  entry.asked = false;
  entry.tries = entry.refusals = 0;
  entry.problem.clear();
  // RFC 6887 §11.2.1: between a half and five eighths.
  const std::uint64_t eighths = options_.random() % 1000;
  entry.due = now + counted / 2 + counted * static_cast<std::int64_t>(eighths) / 8000;
  entry.due = std::max(entry.due, now + kRenewAgain);
  actions.events.push_back({.kind = same ? Event::Kind::renewed : Event::Kind::mapped,
                            .wanted = entry.wanted,
                            .external = external,
                            .lifetime = seconds(lifetime)});
  actions.changed = actions.changed || !same;
  if (std::ranges::all_of(entries, [](const Entry& e) { return e.granted && e.problem.empty(); })) last_error.clear();
}

void Mappings::on_refused(TimePoint now, std::size_t at, std::string why, Duration lasts, Actions& actions) {
  Entry& entry = entries[at];
  const Duration doubled = kAskRefusedAgain * (1 << std::min(entry.refusals, 6U));
  entry.asked = false;
  entry.tries = 0;
  ++entry.refusals;
  entry.due = now + jittered(std::clamp<Duration>(std::max(lasts, doubled), kAskRefusedAgain, kAskRefusedLatest));
  last_error = fmt::format("the router does not map {} port {}: {}", to_string(entry.wanted.transport),
                           entry.wanted.internal, why);
  if (entry.problem != why)
    actions.events.push_back({.kind = Event::Kind::refused, .wanted = entry.wanted, .text = last_error});
  entry.problem = std::move(why);
}

void Mappings::on_state_lost(TimePoint now, Actions& actions) {
  const bool lately = state_lost_ != TimePoint::min() && now - state_lost_ < kRenewAgain;
  if (!lately) {
    state_lost_ = now;
    ++reboots_;
    actions.events.push_back({.kind = Event::Kind::rebooted});
  }
  for (Entry& entry : entries) {
    if (entry.asked) continue;
    entry.due = lately ? std::min(entry.due, state_lost_ + kRenewAgain) : now;
    entry.tries = 0;
  }
}

void Mappings::on_external(TimePoint now, const IpAddress& said, Actions& actions) {
  if (!said.is_v4()) return;
  const IpAddress address = said.is_unspecified() ? IpAddress{} : said;
  if (address == external_) return;
  if (external_) reflexive_.reset();  // STUN saw the old address
  external_ = address;
  if (address) actions.events.push_back({.kind = Event::Kind::address, .external = {address, 0}});
  judge_address(actions);
  for (Entry& entry : entries) {
    if (!entry.granted || entry.granted->external.address == address) continue;
    // The port stays until the router says otherwise; with PCP the next answer does.
    entry.granted->external.address = address;
    if (!entry.asked) entry.due = std::min(entry.due, now + kRenewAgain);
    actions.changed = true;
  }
}

void Mappings::judge_address(Actions& actions) {
  const bool twice = external_ && (external_.is_private() || (reflexive_ && *reflexive_ != external_));
  if (twice == double_nat_) return;
  double_nat_ = twice;
  actions.changed = true;
  if (!twice) return;
  std::string text = external_.is_private()
                         ? fmt::format("the router's own external address {} is private", external_.to_string())
                         : fmt::format("the router's external address is {}, but the internet sees us at {}",
                                       external_.to_string(), reflexive_->to_string());
  actions.events.push_back({.kind = Event::Kind::double_nat, .external = {external_, 0}, .text = std::move(text)});
}

void Mappings::set_reflexive(const std::optional<IpAddress>& address, Actions& actions) {
  reflexive_ = address;
  judge_address(actions);
}

std::vector<Granted> Mappings::usable() const {
  std::vector<Granted> all;
  if (double_nat_) return all;
  for (const Entry& entry : entries)
    if (entry.granted && entry.granted->external.address) all.push_back(*entry.granted);
  return all;
}

void Mappings::fill(Facts& facts) const {
  facts.external = external_;
  facts.wanted = entries.size();
  for (const Entry& entry : entries)
    if (entry.granted) facts.granted.push_back(*entry.granted);
  facts.double_nat = double_nat_;
  facts.last_error = last_error;
  facts.reboots = reboots_;
}

}  // namespace dw::nat::portmap
