// What the router said, and what follows from it.
#include <algorithm>

#include <fmt/format.h>

#include "nat/core/portmap/mapper.hpp"

namespace dw::nat::portmap {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kAskRefusedAgain = seconds(30), kAskRefusedLatest = minutes(30);

/// A router that says this of one port says it of all: another protocol may do better.
bool is_final(pcp::Code code) {
  switch (code) {
    case pcp::Code::not_authorized:
    case pcp::Code::unsupported_opcode:
    case pcp::Code::unsupported_protocol:
    case pcp::Code::malformed_request:
      return true;
    default:
      return false;
  }
}

}  // namespace

Mapper::Actions Mapper::on_datagram(TimePoint now, const Endpoint& from, Bytes octets) {
  Actions actions;
  if (from != Endpoint{options_.gateway, pcp::kServerPort} || octets.empty()) return actions;
  if (octets.front() == 0) {
    if (const auto response = natpmp::parse_response(octets)) on_nat_pmp(now, *response, actions);
  } else if (const auto response = pcp::parse_response(octets)) {
    on_pcp(now, *response, actions);
  }
  pump(now, actions);
  return actions;
}

void Mapper::on_pcp(TimePoint now, const pcp::Response& r, Actions& actions) {
  const bool speaks = phase_ == Phase::pcp || protocol_ == Protocol::pcp;
  if (!speaks || phase_ == Phase::stopped) return;
  if (r.version != pcp::kVersion || r.code == pcp::Code::unsupported_version) {
    if (phase_ == Phase::pcp) probe_next(now, Phase::nat_pmp, actions);
    return;
  }
  if (!r.map) {
    const auto asked = std::ranges::find_if(entries_, [](const Entry& e) { return e.asked && e.wanted.filtered; });
    if (asked != entries_.end() && on_filter_refused(now, *asked, r.code, actions)) return;
    // An error that repeats nothing of what was asked is the first request's while there is no other.
    if (phase_ != Phase::pcp || r.code == pcp::Code::success) return;
    last_error_ = fmt::format("by PCP the router says: {}", pcp::to_string(r.code));
    return probe_next(now, Phase::nat_pmp, actions);
  }
  const auto found = std::ranges::find_if(entries_, [&](const Entry& e) {
    return e.asked && e.nonce == r.map->nonce && static_cast<std::uint8_t>(e.wanted.transport) == r.map->protocol &&
           e.wanted.internal == r.map->internal_port;
  });
  if (found == entries_.end()) return;
  const auto at = static_cast<std::size_t>(found - entries_.begin());
  if (phase_ == Phase::stopping) return removed(at, actions);
  if (epoch_.lost_by_pcp(now, r.epoch)) on_state_lost(now, actions);
  if (on_filter_refused(now, *found, r.code, actions)) return;
  if (phase_ == Phase::pcp && is_final(r.code)) {
    last_error_ = fmt::format("by PCP the router says: {}", pcp::to_string(r.code));
    return probe_next(now, Phase::nat_pmp, actions);
  }
  const bool first = phase_ == Phase::pcp;
  if (r.code != pcp::Code::success) {
    // An error repeats what was asked, but miniupnpd behind one more NAT refuses and tells the address that it has.
    if (r.map->external != suggestion(at).address && !r.map->external.is_unspecified())
      on_external(now, r.map->external, actions);
    on_refused(now, at, std::string(pcp::to_string(r.code)), seconds(r.lifetime), actions);
  } else if (r.lifetime == 0 || r.map->external_port == 0) {
    on_refused(now, at, "it granted nothing", Duration{}, actions);
  } else {
    on_external(now, r.map->external, actions);
    on_granted(now, at, {r.map->external, r.map->external_port}, r.lifetime, actions);
    found->filter_agreed = found->filter_asked;
    if (found->wanted.filtered && found->filter_agreed != filter_.version())
      found->due = now;  // others may reach it by now
  }
  if (first) run(now, Protocol::pcp, actions);
  judge_filter(now, actions);
}

void Mapper::on_nat_pmp(TimePoint now, const natpmp::Response& r, Actions& actions) {
  // What a router of NAT-PMP alone says to PCP (RFC 6886 §3.5).
  if (phase_ == Phase::pcp && r.code == natpmp::Code::unsupported_version)
    return probe_next(now, Phase::nat_pmp, actions);
  if (phase_ != Phase::nat_pmp && protocol_ != Protocol::nat_pmp) return;
  const auto* const map = std::get_if<natpmp::MapAnswer>(&r.body);
  const auto* const address = std::get_if<natpmp::AddressAnswer>(&r.body);
  if (!map) {
    if (r.opcode != 0 || !address_asked_) return;
    address_asked_ = false;
    address_tries_ = 0;
    address_due_ = now + kWatch;
    if (r.code != natpmp::Code::success || !address) {
      last_error_ = fmt::format("by NAT-PMP the router says: {}", natpmp::to_string(r.code));
      if (phase_ == Phase::nat_pmp) probe_next(now, Phase::upnp, actions);
      return;
    }
    if (epoch_.lost_by_nat_pmp(now, r.epoch)) on_state_lost(now, actions);
    on_external(now, address->external, actions);
    if (phase_ == Phase::nat_pmp) run(now, Protocol::nat_pmp, actions);
    return;
  }
  const auto found = std::ranges::find_if(entries_, [&](const Entry& e) {
    return e.asked && e.wanted.transport == map->transport && e.wanted.internal == map->internal_port;
  });
  if (found == entries_.end()) return;
  const auto at = static_cast<std::size_t>(found - entries_.begin());
  if (phase_ == Phase::stopping) return removed(at, actions);
  if (epoch_.lost_by_nat_pmp(now, r.epoch)) on_state_lost(now, actions);
  if (r.code != natpmp::Code::success) {
    on_refused(now, at, std::string(natpmp::to_string(r.code)), Duration{}, actions);
  } else if (map->lifetime == 0 || map->external_port == 0) {
    on_refused(now, at, "it granted nothing", Duration{}, actions);
  } else {
    on_granted(now, at, {external_, map->external_port}, map->lifetime, actions);
  }
}

Mapper::Actions Mapper::on_upnp(TimePoint now, const UpnpAnswer& answer) {
  Actions actions;
  if (!upnp_busy_) return actions;
  upnp_busy_ = false;
  if (phase_ == Phase::stopping) {
    on_last_upnp(now, answer, actions);
    return actions;
  }
  for (Entry& entry : entries_)
    entry.asked = false;
  address_due_ = now + kWatch;
  if (!answer.found) {
    last_error_ = answer.problem;
    if (phase_ == Phase::upnp) {
      rest(now, actions);
    } else if (phase_ == Phase::running) {
      begin(now, actions);
    }
    return actions;
  }
  if (answer.check_failed) on_state_lost(now, actions);
  on_external(now, answer.external, actions);
  if (phase_ == Phase::upnp) {
    protocol_ = Protocol::upnp;
    phase_ = Phase::running;
    rests_ = 0;
  }
  for (const auto& port : answer.ports) {
    const std::size_t at = entry_of(port.wanted);
    if (at == entries_.size()) continue;
    if (port.external == 0) {
      on_refused(now, at, port.problem, Duration{}, actions);
    } else {
      on_granted(now, at, {external_, port.external}, port.lifetime, actions);
    }
  }
  pump(now, actions);
  return actions;
}

/// At the end: all is taken back, or a batch has come in that was under way when the end came, and goes too.
void Mapper::on_last_upnp(TimePoint now, const UpnpAnswer& answer, Actions& actions) {
  if (upnp_unmapping_) {
    for (std::size_t i = 0; i < entries_.size(); ++i)
      removed(i, actions);
  }
  for (const auto& port : answer.ports) {
    const std::size_t at = entry_of(port.wanted);
    if (at == entries_.size() || port.external == 0) continue;
    entries_[at].granted = Granted{port.wanted, {external_, port.external}, Duration{}, TimePoint::max()};
    entries_[at].due = now;
    protocol_ = Protocol::upnp;
  }
  pump(now, actions);
}

std::size_t Mapper::entry_of(const Wanted& wanted) const {
  return static_cast<std::size_t>(std::ranges::find(entries_, wanted, &Entry::wanted) - entries_.begin());
}

void Mapper::on_granted(TimePoint now, std::size_t at, Endpoint external, std::uint32_t lifetime, Actions& actions) {
  Entry& entry = entries_[at];
  if (!external.address.is_v4() || external.address.is_unspecified()) external.address = {};
  const bool same = entry.granted && entry.granted->external == external;
  // What lasts until the router restarts is asked for again all the same, as it may restart.
  const auto counted =
      seconds(std::min(lifetime == 0 ? static_cast<std::uint32_t>(options_.lifetime.count()) : lifetime, kMaxLifetime));
  entry.granted = Granted{entry.wanted, external, seconds(lifetime), lifetime == 0 ? TimePoint::max() : now + counted};
  entry.asked = false;
  entry.tries = entry.refusals = 0;
  entry.problem.clear();
  // RFC 6887 §11.2.1: between a half and five eighths. The first one is also how we see a restart of the router.
  const std::uint64_t eighths = options_.random() % 1000;
  entry.due = now + counted / 2 + counted * static_cast<std::int64_t>(eighths) / 8000;
  if (at == 0 && protocol_ != Protocol::nat_pmp && protocol_ != Protocol::upnp)
    entry.due = std::min(entry.due, now + kWatch);
  entry.due = std::max(entry.due, now + kRenewAgain);
  actions.events.push_back({.kind = same ? Event::Kind::renewed : Event::Kind::mapped,
                            .wanted = entry.wanted,
                            .external = external,
                            .lifetime = seconds(lifetime)});
  actions.changed = actions.changed || !same;
  if (std::ranges::all_of(entries_, [](const Entry& e) { return e.granted && e.problem.empty(); })) last_error_.clear();
}

void Mapper::on_refused(TimePoint now, std::size_t at, std::string why, Duration lasts, Actions& actions) {
  Entry& entry = entries_[at];
  const Duration doubled = kAskRefusedAgain * (1 << std::min(entry.refusals, 6U));
  entry.asked = false;
  entry.tries = 0;
  ++entry.refusals;
  entry.due = now + jittered(std::clamp<Duration>(std::max(lasts, doubled), kAskRefusedAgain, kAskRefusedLatest));
  last_error_ = fmt::format("the router does not map {} port {}: {}", to_string(entry.wanted.transport),
                            entry.wanted.internal, why);
  if (entry.problem != why)
    actions.events.push_back({.kind = Event::Kind::refused, .wanted = entry.wanted, .text = last_error_});
  entry.problem = std::move(why);
}

/// Everything is asked for again at once; what we had is told until the answers say otherwise, as most routers grant
/// the same again within a moment. A router whose epoch is nonsense loses its state with each answer: that is one loss,
/// and one round of requests, every kRenewAgain.
void Mapper::on_state_lost(TimePoint now, Actions& actions) {
  const bool lately = state_lost_ != TimePoint::min() && now - state_lost_ < kRenewAgain;
  if (!lately) {
    state_lost_ = now;
    ++reboots_;
    actions.events.push_back({.kind = Event::Kind::rebooted});
  }
  for (Entry& entry : entries_) {
    if (entry.asked) continue;
    entry.due = lately ? std::min(entry.due, state_lost_ + kRenewAgain) : now;
    entry.tries = 0;
  }
}

/// 0.0.0.0: the router has none, its connection is down; none: it did not say.
void Mapper::on_external(TimePoint now, const IpAddress& said, Actions& actions) {
  if (!said.is_v4()) return;
  const IpAddress address = said.is_unspecified() ? IpAddress{} : said;
  if (address == external_) return;
  if (external_) reflexive_.reset();  // STUN saw the address before
  external_ = address;
  if (address) actions.events.push_back({.kind = Event::Kind::address, .external = {address, 0}});
  judge_address(actions);
  for (Entry& entry : entries_) {
    if (!entry.granted || entry.granted->external.address == address) continue;
    // The port stays until the router says otherwise; by PCP the next answer does.
    entry.granted->external.address = address;
    if (!entry.asked) entry.due = std::min(entry.due, now + kRenewAgain);
    actions.changed = true;
  }
}

void Mapper::judge_address(Actions& actions) {
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

Mapper::Actions Mapper::set_reflexive(TimePoint, const std::optional<IpAddress>& address) {
  Actions actions;
  reflexive_ = address;
  judge_address(actions);
  return actions;
}

}  // namespace dw::nat::portmap
