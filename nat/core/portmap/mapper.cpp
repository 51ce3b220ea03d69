#include "nat/core/portmap/mapper.hpp"

#include <algorithm>
#include <utility>

namespace dw::nat::portmap {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kFirstRest = seconds(15), kLongestRest = minutes(30);  ///< while the router answers nothing
constexpr Duration kBetweenAnnouncements = seconds(1);

}  // namespace

Mapper::Mapper(Options options) : options_(std::move(options)) {
  if (options_.wanted.size() > kMaxWanted) options_.wanted.resize(kMaxWanted);
  for (const Wanted& wanted : options_.wanted) {
    Entry& entry = entries_.emplace_back();
    entry.wanted = wanted;
    entry.nonce = options_.nonce(wanted);
  }
}

Mapper::Actions Mapper::start(TimePoint now) {
  Actions actions;
  if (phase_ != Phase::idle || entries_.empty()) return actions;
  begin(now, actions);
  return actions;
}

Mapper::Actions Mapper::on_deadline(TimePoint now) {
  Actions actions;
  pump(now, actions);
  return actions;
}

/// From the beginning: PCP first.
void Mapper::begin(TimePoint now, Actions& actions) {
  protocol_ = Protocol::none;
  epoch_.forget();
  filter_.begin();
  for (Entry& entry : entries_) {
    entry.asked = false;
    entry.tries = 0;
    entry.due = now;
  }
  probe_next(now, Phase::pcp, actions);
}

void Mapper::probe_next(TimePoint now, Phase phase, Actions& actions) {
  phase_ = phase;
  entries_.front().asked = address_asked_ = false;
  entries_.front().tries = address_tries_ = 0;
  entries_.front().due = address_due_ = now;
  if (phase != Phase::resting) pump(now, actions);
}

void Mapper::rest(TimePoint now, Actions& actions) {
  const Duration wait = std::min<Duration>(kFirstRest * (1 << std::min(rests_, 7U)), kLongestRest);
  ++rests_;
  rest_until_ = now + jittered(wait);
  actions.events.push_back({.kind = Event::Kind::nobody, .text = last_error_});
  for (Entry& entry : entries_)
    if (entry.granted) entry.granted->expires = now;  // nobody stands by it any more
  expire(now, actions);
  probe_next(now, Phase::resting, actions);
}

/// The router speaks `protocol`.
void Mapper::run(TimePoint now, Protocol protocol, Actions& actions) {
  protocol_ = protocol;
  phase_ = Phase::running;
  rests_ = 0;
  address_asked_ = false;
  address_tries_ = 0;
  address_due_ = protocol == Protocol::nat_pmp ? now + kWatch : now;
  pump(now, actions);
}

void Mapper::expire(TimePoint now, Actions& actions) {
  for (Entry& entry : entries_) {
    if (!entry.granted || entry.granted->expires > now) continue;
    actions.events.push_back({.kind = Event::Kind::lost, .wanted = entry.wanted, .external = entry.granted->external});
    actions.changed = true;
    entry.granted.reset();
  }
}

void Mapper::pump(TimePoint now, Actions& actions) {
  if (phase_ == Phase::idle || phase_ == Phase::stopped) return;
  if (phase_ == Phase::stopping) return remove_due(now, actions);
  expire(now, actions);
  Entry& first = entries_.front();
  switch (phase_) {
    case Phase::pcp:
      if (first.due > now) return;
      if (first.tries >= kPcpProbes) return probe_next(now, Phase::nat_pmp, actions);
      return send_map(now, first, static_cast<std::uint32_t>(options_.lifetime.count()), actions);
    case Phase::nat_pmp:
      if (address_due_ > now) return;
      if (address_tries_ >= kNatPmpProbes) return probe_next(now, Phase::upnp, actions);
      return send_address_request(now, actions);
    case Phase::upnp:
      return ask_upnp(now, actions);
    case Phase::resting:
      if (rest_until_ <= now) begin(now, actions);
      return;
    case Phase::running:
      return protocol_ == Protocol::upnp ? ask_upnp(now, actions) : ask_due(now, actions);
    default:
      return;
  }
}

std::size_t Mapper::under_way() const {
  return static_cast<std::size_t>(std::ranges::count(entries_, true, &Entry::asked)) + (address_asked_ ? 1 : 0);
}

/// An RTCP port waits for its RTP port's external one.
bool Mapper::may_ask(std::size_t at) const {
  return !entries_[at].wanted.follows || at == 0 || !entries_[at - 1].asked;
}

void Mapper::ask_due(TimePoint now, Actions& actions) {
  const auto lifetime = static_cast<std::uint32_t>(options_.lifetime.count());
  if (protocol_ == Protocol::nat_pmp && address_due_ <= now && (address_asked_ || under_way() < window())) {
    if (address_tries_ >= kNatPmpTries) return begin(now, actions);
    send_address_request(now, actions);
  }
  for (Entry& entry : entries_) {
    if (!entry.asked || entry.due > now) continue;
    const unsigned most = protocol_ == Protocol::nat_pmp ? kNatPmpTries : kSilentTries;
    // The first one is our watch over the router: what it granted is believed no longer than it answers.
    if (entry.tries >= most && (!entry.granted || &entry == &entries_.front())) {
      last_error_ = "the router does not answer any more";
      return begin(now, actions);
    }
    send_map(now, entry, lifetime, actions);
  }
  std::size_t running = under_way();
  for (std::size_t i = 0; i < entries_.size() && running < window(); ++i) {
    Entry& entry = entries_[i];
    if (entry.asked || entry.due > now || !may_ask(i)) continue;
    entry.tries = 0;
    send_map(now, entry, lifetime, actions);
    ++running;
  }
}

/// Everything that is due, in one go.
void Mapper::ask_upnp(TimePoint now, Actions& actions) {
  if (upnp_busy_) return;
  UpnpAsk ask;
  ask.lifetime = static_cast<std::uint32_t>(options_.lifetime.count());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].due > now) continue;
    entries_[i].asked = entries_[i].tried = true;
    const bool with_its_pair = entries_[i].wanted.follows && i > 0 && entries_[i - 1].asked;
    ask.map.push_back({entries_[i].wanted, suggestion(i).port, with_its_pair});
  }
  if (ask.map.empty() && address_due_ > now) return;
  const auto held = std::ranges::find_if(entries_, [](const Entry& e) { return e.granted && !e.asked; });
  if (held != entries_.end()) ask.check = UpnpAsk::Port{held->wanted, held->granted->external.port};
  upnp_busy_ = true;
  actions.upnp = std::move(ask);
}

Mapper::Actions Mapper::on_port_unreachable(TimePoint now) {
  Actions actions;
  if (phase_ == Phase::pcp || phase_ == Phase::nat_pmp) probe_next(now, Phase::upnp, actions);
  return actions;
}

Mapper::Actions Mapper::on_announcement(TimePoint now, const Endpoint& from, Bytes octets) {
  Actions actions;
  const bool whole = pcp::parse_response(octets).has_value() || natpmp::parse_response(octets).has_value();
  const bool after_a_while = announced_ == TimePoint::min() || now - announced_ >= kBetweenAnnouncements;
  if (from.address != options_.gateway || !whole || !after_a_while) return actions;
  announced_ = now;
  if (phase_ == Phase::resting) begin(now, actions);
  if (phase_ != Phase::running) return actions;
  if (protocol_ == Protocol::pcp) {
    if (!entries_.front().asked) entries_.front().due = now;
  } else if (!address_asked_) {
    address_due_ = now;
  }
  pump(now, actions);
  return actions;
}

Mapper::Actions Mapper::stop(TimePoint now) {
  Actions actions;
  if (phase_ == Phase::stopping || phase_ == Phase::stopped) return actions;
  const bool spoke = protocol_ != Protocol::none;
  for (Entry& entry : entries_) {
    entry.asked = false;
    entry.tries = 0;
    entry.due = spoke && entry.tried ? now : TimePoint::max();
  }
  address_asked_ = false;
  phase_ = Phase::stopping;
  remove_due(now, actions);
  return actions;
}

void Mapper::removed(std::size_t at, Actions& actions) {
  Entry& entry = entries_[at];
  if (entry.granted) {
    actions.events.push_back(
        {.kind = Event::Kind::removed, .wanted = entry.wanted, .external = entry.granted->external});
    actions.changed = true;
    entry.granted.reset();
  }
  entry.asked = entry.tried = false;
  entry.due = TimePoint::max();
}

void Mapper::remove_due(TimePoint now, Actions& actions) {
  if (upnp_busy_) return;  // what is under way may grant yet
  if (protocol_ == Protocol::upnp) {
    UpnpAsk ask;
    for (const Entry& entry : entries_)
      if (entry.granted && entry.due <= now) ask.unmap.push_back({entry.wanted, entry.granted->external.port});
    if (ask.unmap.empty()) {
      phase_ = Phase::stopped;
    } else {
      upnp_busy_ = upnp_unmapping_ = true;
      actions.upnp = std::move(ask);
    }
    return;
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (!entry.asked || entry.due > now) continue;
    if (entry.tries >= kRemoveTries) {
      removed(i, actions);  // it runs out by itself
    } else {
      send_map(now, entry, 0, actions);
    }
  }
  std::size_t running = under_way();
  bool left = running > 0;
  for (Entry& entry : entries_) {
    if (entry.asked || entry.due == TimePoint::max()) continue;
    left = true;
    if (running >= window()) break;
    send_map(now, entry, 0, actions);
    ++running;
  }
  if (!left) phase_ = Phase::stopped;
}

TimePoint Mapper::next_deadline() const {
  TimePoint next = TimePoint::max();
  const auto at = [&next](TimePoint when) { next = std::min(next, when); };
  switch (phase_) {
    case Phase::idle:
    case Phase::stopped:
      return next;
    case Phase::pcp:
      at(entries_.front().due);
      break;
    case Phase::nat_pmp:
      at(address_due_);
      break;
    case Phase::upnp:
      break;
    case Phase::resting:
      at(rest_until_);
      break;
    case Phase::running:
    case Phase::stopping: {
      if (upnp_busy_) break;
      const bool room = under_way() < window();
      for (std::size_t i = 0; i < entries_.size(); ++i)
        if (entries_[i].asked || (room && may_ask(i))) at(entries_[i].due);
      if (phase_ == Phase::running && protocol_ != Protocol::pcp && (address_asked_ || room)) at(address_due_);
      break;
    }
  }
  if (phase_ != Phase::stopping)
    for (const Entry& entry : entries_)
      if (entry.granted) at(entry.granted->expires);
  return next;
}

std::vector<Granted> Mapper::usable() const {
  std::vector<Granted> all;
  if (double_nat_) return all;
  for (const Entry& entry : entries_)
    if (entry.granted && entry.granted->external.address) all.push_back(*entry.granted);
  return all;
}

Facts Mapper::facts() const {
  Facts facts;
  facts.active = true;
  facts.gateway = options_.gateway;
  facts.ours = options_.ours;
  facts.external = external_;
  facts.protocol = protocol_;
  facts.wanted = entries_.size();
  for (const Entry& entry : entries_)
    if (entry.granted) facts.granted.push_back(*entry.granted);
  facts.double_nat = double_nat_;
  facts.last_error = last_error_;
  facts.reboots = reboots_;
  facts.filter = filter_facts();
  return facts;
}

}  // namespace dw::nat::portmap
