// One request to the router: how it is written, and when it is sent again.
#include <algorithm>

#include "nat/core/portmap/mapper.hpp"

namespace dw::nat::portmap {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kPcpFirst = seconds(3), kPcpLongest = seconds(1024);  ///< IRT, MRT: RFC 6887 §8.1.1
constexpr Duration kNatPmpFirst = milliseconds(250);                     ///< RFC 6886 §3.1

}  // namespace

/// Up to a tenth more or less, so that boxes that lost power together do not ask together.
Duration Mapper::jittered(Duration about) {
  constexpr std::int64_t kParts = 1000, kSpread = 200;
  const auto part = static_cast<std::int64_t>(options_.random() % (kSpread + 1));
  return about * (kParts - kSpread / 2 + part) / kParts;
}

/// After `tries` requests of which none was answered.
Duration Mapper::resend_after(TimePoint now, const Entry& entry) {
  const bool nat_pmp = protocol_ == Protocol::nat_pmp || phase_ == Phase::stopping;
  if (nat_pmp) return kNatPmpFirst * (1 << std::min(entry.tries - 1, kNatPmpTries - 1));
  // A renewal has time: again when half of what is left has passed.
  if (entry.granted && phase_ == Phase::running && entry.tries > kSilentTries)
    return std::max<Duration>(kRenewAgain, (entry.granted->expires - now) / 2);
  return jittered(std::min<Duration>(kPcpFirst * (1 << std::min(entry.tries - 1, 9U)), kPcpLongest));
}

/// The external port that we would like: what we had, else RTP's plus one, else the internal one, so that a router that
/// knows nothing of a packet's mapping still sends it out from the right port.
Endpoint Mapper::suggestion(std::size_t at) const {
  const Entry& entry = entries_[at];
  if (entry.wanted.follows && at > 0 && entries_[at - 1].granted) {
    const Endpoint& before = entries_[at - 1].granted->external;
    return {before.address, static_cast<std::uint16_t>(before.port + 1)};
  }
  if (entry.granted) return entry.granted->external;
  return {external_, entry.wanted.internal};
}

void Mapper::send_map(TimePoint now, Entry& entry, std::uint32_t lifetime, Actions& actions) {
  const auto at = static_cast<std::size_t>(&entry - entries_.data());
  const Endpoint wish = lifetime == 0 ? Endpoint{} : suggestion(at);
  Buffer octets;
  ByteWriter out(octets);
  if (protocol_ == Protocol::nat_pmp) {
    natpmp::write(out, {entry.wanted.transport, entry.wanted.internal, wish.port, lifetime});
  } else {
    pcp::write(out, {lifetime, options_.ours, entry.nonce, entry.wanted.transport, entry.wanted.internal, wish.port,
                     wish.address});
    // §13.3: with a lifetime of 0 a filter is malformed.
    const bool filtered = entry.wanted.filtered && lifetime != 0;
    if (filtered && filter_.is_asked()) pcp::write_filters(out, filter_.peers());
    entry.filter_asked = filtered ? filter_.version() : 0;
  }
  actions.datagrams.push_back(std::move(octets));
  entry.asked = entry.tried = true;
  ++entry.tries;
  entry.due = now + resend_after(now, entry);
}

Mapper::Actions Mapper::set_peers(TimePoint now, std::optional<std::vector<IpNetwork>> peers, std::string why) {
  Actions actions;
  if (!filter_.set(std::move(peers), std::move(why))) return actions;
  filter_agreed_ = false;
  if (protocol_ == Protocol::pcp && phase_ == Phase::running) {
    ask_filter_again(now);
    pump(now, actions);
  }
  return actions;
}

/// What the router holds is of before. Those that it refused wait as long as they would.
void Mapper::ask_filter_again(TimePoint now) {
  for (Entry& entry : entries_)
    if (entry.wanted.filtered && entry.granted && !entry.asked) entry.due = now;
}

/// True: the request is sent again without what the router did not take.
bool Mapper::on_filter_refused(TimePoint now, Entry& entry, pcp::Code code, Actions& actions) {
  const bool was_open = filter_.open();
  if (!filter_.refused(entry.filter_asked, code)) return false;
  entry.asked = false;
  entry.tries = 0;
  entry.due = now;
  filter_agreed_ = false;
  ask_filter_again(now);
  if (!was_open)
    actions.events.push_back({.kind = Event::Kind::filter_refused, .wanted = entry.wanted, .text = filter_.why()});
  return true;
}

void Mapper::judge_filter(TimePoint now, Actions& actions) {
  const bool agreed = filter_facts().state == FilterFacts::State::agreed;
  if (agreed == filter_agreed_) return;
  filter_agreed_ = agreed;
  filter_since_ = now;
  if (agreed) actions.events.push_back({.kind = Event::Kind::filtered});
}

FilterFacts Mapper::filter_facts() const {
  using State = FilterFacts::State;
  FilterFacts facts;
  const auto mine = [](const Entry& e) { return e.wanted.filtered; };
  if (std::ranges::none_of(entries_, mine) || (!filter_.wanted() && filter_.why().empty())) return facts;
  facts.networks = filter_.networks();
  const auto agreed = [&](const Entry& e) { return !mine(e) || (e.granted && e.filter_agreed == filter_.version()); };
  if (protocol_ == Protocol::nat_pmp || protocol_ == Protocol::upnp) {
    facts.state = State::open;
    facts.why = std::string(to_string(protocol_)) + " can't limit who reaches a port";
  } else if (filter_.open()) {
    facts.state = State::open;
    facts.why = filter_.why();
  } else if (std::ranges::all_of(entries_, agreed)) {
    facts.state = State::agreed;
    facts.since = filter_since_;
  } else {
    facts.state = State::asked;
  }
  return facts;
}

void Mapper::send_address_request(TimePoint now, Actions& actions) {
  Buffer octets;
  ByteWriter out(octets);
  natpmp::write_address_request(out);
  actions.datagrams.push_back(std::move(octets));
  address_asked_ = true;
  address_due_ = now + kNatPmpFirst * (1 << std::min(address_tries_, kNatPmpTries - 1));
  ++address_tries_;
}

}  // namespace dw::nat::portmap
