#include "nat/core/portmap/mapper.hpp"

#include <algorithm>
#include <utility>

namespace dw::nat::portmap {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kFirstBackOff = seconds(15), kLongestBackOff = minutes(30);  ///< while the router answers nothing
constexpr Duration kBetweenAnnouncements = seconds(1);

std::vector<Wanted> at_most(std::vector<Wanted> wanted, std::size_t count) {
  if (wanted.size() > count) wanted.resize(count);
  return wanted;
}

}  // namespace

Mapper::Mapper(Options options)
    : gateway_(options.gateway),
      ours_(options.ours),
      mappings_(at_most(std::move(options.wanted), kMaxWanted), {options.lifetime, std::move(options.random)}) {
  for (auto& entry : mappings_.entries)
    entry.nonce = options.nonce(entry.wanted);
}

Mapper::Actions Mapper::start(TimePoint now) {
  Actions actions;
  if (phase_ != Phase::idle || mappings_.entries.empty()) return actions;
  begin(now, actions);
  return actions;
}

Mapper::Actions Mapper::on_deadline(TimePoint now) {
  Actions actions;
  pump(now, actions);
  return actions;
}

/// Starts again: PCP first.
void Mapper::begin(TimePoint now, Actions& actions) {
  mappings_.begin(now);
  pcp_.begin_filter();
  probe(now, pcp_, actions);
}

void Mapper::probe(TimePoint now, Client& client, Actions& actions) {
  phase_ = Phase::probing;
  client_ = &client;
  auto& first = mappings_.entries.front();
  first.asked = false;
  first.tries = 0;
  first.due = now;
  client.begin_probe(now);
  pump(now, actions);
}

void Mapper::probe_next(TimePoint now, Actions& actions) {
  client_ == &pcp_ ? probe(now, nat_pmp_, actions) : probe(now, upnp_, actions);
}

/// The router speaks no protocol.
void Mapper::back_off(TimePoint now, Actions& actions) {
  const Duration wait = std::min<Duration>(kFirstBackOff * (1 << std::min(back_offs_, 7U)), kLongestBackOff);
  ++back_offs_;
  retry_at_ = now + mappings_.jittered(wait);
  actions.events.push_back({.kind = Event::Kind::nobody, .text = mappings_.last_error});
  mappings_.forget_granted(now, actions);
  phase_ = Phase::backing_off;
  client_ = nullptr;
}

/// The router speaks the protocol of `client_`.
void Mapper::speaks(TimePoint now, Actions& actions) {
  phase_ = Phase::asking;
  back_offs_ = 0;
  client_->begin_asking(now);
  pump(now, actions);
}

void Mapper::pump(TimePoint now, Actions& actions) {
  switch (phase_) {
    case Phase::idle:
    case Phase::stopped:
      return;
    case Phase::stopping:
      if (!upnp_.is_busy() && (!client_ || !client_->remove(now, actions))) phase_ = Phase::stopped;
      return;
    case Phase::probing:
      mappings_.expire(now, actions);
      if (!client_->probe(now, actions)) probe_next(now, actions);
      return;
    case Phase::asking:
      mappings_.expire(now, actions);
      if (!client_->ask(now, actions)) begin(now, actions);
      return;
    case Phase::backing_off:
      mappings_.expire(now, actions);
      if (retry_at_ <= now) begin(now, actions);
      return;
  }
}

Mapper::Actions Mapper::on_datagram(TimePoint now, const Endpoint& from, Bytes octets) {
  Actions actions;
  if (from != Endpoint{gateway_, pcp::kServerPort} || octets.empty()) return actions;
  if (octets.front() == 0) {
    if (const auto response = natpmp::parse_response(octets)) on_nat_pmp(now, *response, actions);
  } else if (const auto response = pcp::parse_response(octets)) {
    on_pcp(now, *response, actions);
  }
  pump(now, actions);
  return actions;
}

void Mapper::on_pcp(TimePoint now, const pcp::Response& response, Actions& actions) {
  if (client_ != &pcp_ || phase_ == Phase::stopped) return;
  const bool probing = phase_ == Phase::probing;
  switch (pcp_.on_response(now, stage(), response, actions)) {
    case Heard::nothing:
      return;
    case Heard::no:
      return probe_next(now, actions);
    case Heard::answer:
      if (probing) speaks(now, actions);
      return pcp_.judge_filter(now, actions);
  }
}

void Mapper::on_nat_pmp(TimePoint now, const natpmp::Response& response, Actions& actions) {
  // The answer of a NAT-PMP router to PCP (RFC 6886 §3.5).
  if (is_probing(pcp_) && response.code == natpmp::Code::unsupported_version) return probe_next(now, actions);
  if (client_ != &nat_pmp_) return;
  const bool probing = phase_ == Phase::probing;
  const Heard heard = nat_pmp_.on_response(now, stage(), response, actions);
  if (heard == Heard::no) return probe_next(now, actions);
  if (heard == Heard::answer && probing) speaks(now, actions);
}

Mapper::Actions Mapper::on_upnp(TimePoint now, const UpnpAnswer& answer) {
  Actions actions;
  if (!upnp_.is_busy()) return actions;
  if (phase_ == Phase::stopping) {
    if (upnp_.on_last_answer(now, answer, actions)) client_ = &upnp_;
    pump(now, actions);
    return actions;
  }
  const bool found = upnp_.on_answer(now, answer, actions);
  if (found && phase_ == Phase::probing) {
    speaks(now, actions);
  } else if (found) {
    pump(now, actions);
  } else if (phase_ == Phase::probing) {
    back_off(now, actions);
  } else {
    begin(now, actions);
  }
  return actions;
}

Mapper::Actions Mapper::on_port_unreachable(TimePoint now) {
  Actions actions;
  if (is_probing(pcp_) || is_probing(nat_pmp_)) probe(now, upnp_, actions);
  return actions;
}

Mapper::Actions Mapper::on_announcement(TimePoint now, const Endpoint& from, Bytes octets) {
  Actions actions;
  const bool whole = pcp::parse_response(octets).has_value() || natpmp::parse_response(octets).has_value();
  const bool after_a_while = announced_ == TimePoint::min() || now - announced_ >= kBetweenAnnouncements;
  if (from.address != gateway_ || !whole || !after_a_while) return actions;
  announced_ = now;
  if (phase_ == Phase::backing_off) begin(now, actions);
  if (phase_ != Phase::asking) return actions;
  client_->look_soon(now);
  pump(now, actions);
  return actions;
}

Mapper::Actions Mapper::stop(TimePoint now) {
  Actions actions;
  if (phase_ == Phase::stopping || phase_ == Phase::stopped) return actions;
  if (phase_ != Phase::asking) client_ = nullptr;
  for (auto& entry : mappings_.entries) {
    entry.asked = false;
    entry.tries = 0;
    entry.due = client_ && entry.tried ? now : TimePoint::max();
  }
  phase_ = Phase::stopping;
  pump(now, actions);
  return actions;
}

TimePoint Mapper::next_deadline() const {
  TimePoint next = TimePoint::max();
  switch (phase_) {
    case Phase::idle:
    case Phase::stopped:
      return next;
    case Phase::stopping:
      return client_ && !upnp_.is_busy() ? client_->deadline() : next;
    case Phase::probing:
      next = client_->probe_deadline();
      break;
    case Phase::asking:
      next = client_->deadline();
      break;
    case Phase::backing_off:
      next = retry_at_;
      break;
  }
  for (const auto& entry : mappings_.entries)
    if (entry.granted) next = std::min(next, entry.granted->expires);
  return next;
}

Mapper::Actions Mapper::set_reflexive(TimePoint, const std::optional<IpAddress>& address) {
  Actions actions;
  mappings_.set_reflexive(address, actions);
  return actions;
}

Mapper::Actions Mapper::set_peers(TimePoint now, std::optional<std::vector<IpNetwork>> peers, std::string why) {
  Actions actions;
  if (!pcp_.set_peers(std::move(peers), std::move(why))) return actions;
  if (phase_ == Phase::asking && client_ == &pcp_) {
    pcp_.ask_filter_again(now);
    pump(now, actions);
  }
  return actions;
}

Stage Mapper::stage() const {
  return phase_ == Phase::probing ? Stage::probing : phase_ == Phase::asking ? Stage::asking : Stage::removing;
}

Protocol Mapper::protocol() const {
  return client_ && phase_ != Phase::probing ? client_->protocol() : Protocol::none;
}

Facts Mapper::facts() const {
  Facts facts;
  facts.active = true;
  facts.gateway = gateway_;
  facts.ours = ours_;
  facts.protocol = protocol();
  mappings_.fill(facts);
  facts.filter = filter_facts();
  return facts;
}

FilterFacts Mapper::filter_facts() const {
  FilterFacts facts = pcp_.filter_facts();
  const Protocol spoken = protocol();
  if (facts.state == FilterFacts::State::unwanted || spoken == Protocol::none || spoken == Protocol::pcp) return facts;
  facts.state = FilterFacts::State::open;
  facts.why = std::string(to_string(spoken)) + " can't limit who reaches a port";
  facts.since = {};
  return facts;
}

}  // namespace dw::nat::portmap
