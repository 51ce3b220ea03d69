#include "nat/core/portmap/pcp_client.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace dw::nat::portmap {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Entry = Mappings::Entry;

constexpr Duration kFirst = seconds(3), kLongest = seconds(1024);  ///< IRT, MRT: RFC 6887 §8.1.1
constexpr Duration kRemoveFirst = milliseconds(250);

/// A refusal that applies to all ports: another protocol may do better.
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

bool PcpClient::probe(TimePoint now, Actions& actions) {
  Entry& first = mappings_.entries.front();
  if (first.due > now) return true;
  if (first.tries >= kProbes) return false;
  send(now, first, mappings_.lifetime(), actions);
  return true;
}

bool PcpClient::ask(TimePoint now, Actions& actions) {
  return mappings_.ask_due(now, {kWindow, kSilentTries}, sender(now, actions));
}

bool PcpClient::remove(TimePoint now, Actions& actions) {
  return mappings_.remove_due(now, kWindow, sender(now, actions), actions);
}

void PcpClient::look_soon(TimePoint now) {
  Entry& first = mappings_.entries.front();
  if (!first.asked) first.due = now;
}

Mappings::Send PcpClient::sender(TimePoint now, Actions& actions) {
  return [this, now, &actions](Entry& entry, std::uint32_t lifetime) { send(now, entry, lifetime, actions); };
}

void PcpClient::send(TimePoint now, Entry& entry, std::uint32_t lifetime, Actions& actions) {
  const bool removes = lifetime == 0;
  const Endpoint wish = removes ? Endpoint{} : mappings_.suggestion(mappings_.at(entry));
  Buffer octets;
  ByteWriter out(octets);
  pcp::write(out,
             {lifetime, ours_, entry.nonce, entry.wanted.transport, entry.wanted.internal, wish.port, wish.address});
  // §13.3: with a lifetime of 0 a filter is malformed.
  const bool filtered = entry.wanted.filtered && !removes;
  if (filtered && filter_.is_asked()) pcp::write_filters(out, filter_.peers());
  entry.filter_asked = filtered ? filter_.version() : 0;
  actions.datagrams.push_back(std::move(octets));
  entry.asked = entry.tried = true;
  ++entry.tries;
  entry.due = now + resend_after(now, entry, removes);
}

/// The wait after `tries` unanswered requests.
Duration PcpClient::resend_after(TimePoint now, const Entry& entry, bool removes) const {
  if (removes) return kRemoveFirst * (1 << (entry.tries - 1));  // at most kRemoveTries of them
  // A renewal has time: resent when half of what is left has passed.
  if (entry.granted && entry.tries > kSilentTries)
    return std::max<Duration>(Mappings::kRenewAgain, (entry.granted->expires - now) / 2);
  return mappings_.jittered(std::min<Duration>(kFirst * (1 << std::min(entry.tries - 1, 9U)), kLongest));
}

Heard PcpClient::on_response(TimePoint now, Stage stage, const pcp::Response& r, Actions& actions) {
  const bool probing = stage == Stage::probing;
  auto& entries = mappings_.entries;
  if (r.version != pcp::kVersion || r.code == pcp::Code::unsupported_version)
    return probing ? Heard::no : Heard::nothing;
  if (!r.map) {
    const auto asked = std::ranges::find_if(entries, [](const Entry& e) { return e.asked && e.wanted.filtered; });
    if (asked != entries.end() && on_filter_refused(now, *asked, r.code, actions)) return Heard::nothing;
    // An error that does not repeat the request belongs to the first request, while that is the only one.
    if (!probing || r.code == pcp::Code::success) return Heard::nothing;
    mappings_.last_error = fmt::format("by PCP the router says: {}", pcp::to_string(r.code));
    return Heard::no;
  }
  const auto found = std::ranges::find_if(entries, [&](const Entry& e) {
    return e.asked && e.nonce == r.map->nonce && static_cast<std::uint8_t>(e.wanted.transport) == r.map->protocol &&
           e.wanted.internal == r.map->internal_port;
  });
  if (found == entries.end()) return Heard::nothing;
  if (stage == Stage::removing) {
    mappings_.removed(mappings_.at(*found), actions);
    return Heard::nothing;
  }
  if (mappings_.epoch.lost_by_pcp(now, r.epoch)) mappings_.on_state_lost(now, actions);
  if (on_filter_refused(now, *found, r.code, actions)) return Heard::nothing;
  if (probing && is_final(r.code)) {
    mappings_.last_error = fmt::format("by PCP the router says: {}", pcp::to_string(r.code));
    return Heard::no;
  }
  on_map(now, *found, r, actions);
  return Heard::answer;
}

void PcpClient::on_map(TimePoint now, Entry& entry, const pcp::Response& r, Actions& actions) {
  const std::size_t at = mappings_.at(entry);
  if (r.code != pcp::Code::success) {
    // An error repeats the request, but miniupnpd behind a second NAT refuses and puts the address that it has there.
    if (r.map->external != mappings_.suggestion(at).address && !r.map->external.is_unspecified())
      mappings_.on_external(now, r.map->external, actions);
    return mappings_.on_refused(now, at, std::string(pcp::to_string(r.code)), seconds(r.lifetime), actions);
  }
  if (r.lifetime == 0 || r.map->external_port == 0)
    return mappings_.on_refused(now, at, "it granted nothing", Duration{}, actions);
  mappings_.on_external(now, r.map->external, actions);
  mappings_.on_granted(now, at, {r.map->external, r.map->external_port}, r.lifetime, actions);
  // The first port's request also detects a restart of the router.
  if (at == 0) entry.due = std::min(entry.due, now + Mappings::kWatch);
  entry.filter_agreed = entry.filter_asked;
  // Others may reach the port by now.
  if (entry.wanted.filtered && entry.filter_agreed != filter_.version()) entry.due = now;
}

// ---- who may reach the filtered ports ----

bool PcpClient::set_peers(std::optional<std::vector<IpNetwork>> peers, std::string why) {
  if (!filter_.set(std::move(peers), std::move(why))) return false;
  filter_agreed_ = false;
  return true;
}

void PcpClient::ask_filter_again(TimePoint now) {
  for (Entry& entry : mappings_.entries)
    if (entry.wanted.filtered && entry.granted && !entry.asked) entry.due = now;
}

/// True: the request is sent again without what the router refused.
bool PcpClient::on_filter_refused(TimePoint now, Entry& entry, pcp::Code code, Actions& actions) {
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

void PcpClient::judge_filter(TimePoint now, Actions& actions) {
  const bool agreed = filter_facts().state == FilterFacts::State::agreed;
  if (agreed == filter_agreed_) return;
  filter_agreed_ = agreed;
  filter_since_ = now;
  if (agreed) actions.events.push_back({.kind = Event::Kind::filtered});
}

FilterFacts PcpClient::filter_facts() const {
  using State = FilterFacts::State;
  FilterFacts facts;
  const auto mine = [](const Entry& e) { return e.wanted.filtered; };
  if (std::ranges::none_of(mappings_.entries, mine) || (!filter_.wanted() && filter_.why().empty())) return facts;
  facts.networks = filter_.networks();
  const auto agreed = [&](const Entry& e) { return !mine(e) || (e.granted && e.filter_agreed == filter_.version()); };
  if (filter_.open()) {
    facts.state = State::open;
    facts.why = filter_.why();
  } else if (std::ranges::all_of(mappings_.entries, agreed)) {
    facts.state = State::agreed;
    facts.since = filter_since_;
  } else {
    facts.state = State::asked;
  }
  return facts;
}

}  // namespace dw::nat::portmap
