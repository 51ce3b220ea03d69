#include "nat/core/portmap/natpmp_client.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace dw::nat::portmap {
namespace {

using Entry = Mappings::Entry;

/// The wait after `tries` unanswered requests: RFC 6886 §3.1.
Duration resend_after(unsigned tries) {
  constexpr Duration kFirst = std::chrono::milliseconds(250);
  return kFirst * (1 << std::min(tries - 1, NatPmpClient::kTries - 1));
}

}  // namespace

void NatPmpClient::begin_probe(TimePoint now) {
  asked_ = false;
  tries_ = 0;
  due_ = now;
}

void NatPmpClient::begin_asking(TimePoint now) {
  asked_ = false;
  tries_ = 0;
  due_ = now + Mappings::kWatch;
}

bool NatPmpClient::probe(TimePoint now, Actions& actions) {
  if (due_ > now) return true;
  if (tries_ >= kProbes) return false;
  send_address_request(now, actions);
  return true;
}

bool NatPmpClient::ask(TimePoint now, Actions& actions) {
  if (due_ <= now && (asked_ || mappings_.under_way() == 0)) {
    if (tries_ >= kTries) return false;
    send_address_request(now, actions);
  }
  return mappings_.ask_due(now, pace(), [this, now, &actions](Entry& entry, std::uint32_t lifetime) {
    send_map(now, entry, lifetime, actions);
  });
}

bool NatPmpClient::remove(TimePoint now, Actions& actions) {
  asked_ = false;
  return mappings_.remove_due(
      now, 1, [this, now, &actions](Entry& entry, std::uint32_t lifetime) { send_map(now, entry, lifetime, actions); },
      actions);
}

TimePoint NatPmpClient::deadline() const {
  const TimePoint ports = mappings_.next_deadline(pace());
  return asked_ || mappings_.under_way() == 0 ? std::min(ports, due_) : ports;
}

void NatPmpClient::look_soon(TimePoint now) {
  if (!asked_) due_ = now;
}

void NatPmpClient::send_map(TimePoint now, Entry& entry, std::uint32_t lifetime, Actions& actions) {
  const std::uint16_t wish = lifetime == 0 ? std::uint16_t{0} : mappings_.suggestion(mappings_.at(entry)).port;
  Buffer octets;
  ByteWriter out(octets);
  natpmp::write(out, {entry.wanted.transport, entry.wanted.internal, wish, lifetime});
  actions.datagrams.push_back(std::move(octets));
  entry.asked = entry.tried = true;
  ++entry.tries;
  entry.due = now + resend_after(entry.tries);
}

void NatPmpClient::send_address_request(TimePoint now, Actions& actions) {
  Buffer octets;
  ByteWriter out(octets);
  natpmp::write_address_request(out);
  actions.datagrams.push_back(std::move(octets));
  asked_ = true;
  ++tries_;
  due_ = now + resend_after(tries_);
}

Heard NatPmpClient::on_response(TimePoint now, Stage stage, const natpmp::Response& r, Actions& actions) {
  const auto* const map = std::get_if<natpmp::MapAnswer>(&r.body);
  if (!map) return on_address(now, stage, r, actions);
  auto& entries = mappings_.entries;
  const auto found = std::ranges::find_if(entries, [&](const Entry& e) {
    return e.asked && e.wanted.transport == map->transport && e.wanted.internal == map->internal_port;
  });
  if (found == entries.end()) return Heard::nothing;
  const std::size_t at = mappings_.at(*found);
  if (stage == Stage::removing) {
    mappings_.removed(at, actions);
    return Heard::nothing;
  }
  if (mappings_.epoch.lost_by_nat_pmp(now, r.epoch)) mappings_.on_state_lost(now, actions);
  if (r.code != natpmp::Code::success) {
    mappings_.on_refused(now, at, std::string(natpmp::to_string(r.code)), Duration{}, actions);
  } else if (map->lifetime == 0 || map->external_port == 0) {
    mappings_.on_refused(now, at, "it granted nothing", Duration{}, actions);
  } else {
    mappings_.on_granted(now, at, {mappings_.external(), map->external_port}, map->lifetime, actions);
  }
  return Heard::nothing;
}

Heard NatPmpClient::on_address(TimePoint now, Stage stage, const natpmp::Response& r, Actions& actions) {
  const auto* const address = std::get_if<natpmp::AddressAnswer>(&r.body);
  if (r.opcode != 0 || !asked_) return Heard::nothing;
  asked_ = false;
  tries_ = 0;
  due_ = now + Mappings::kWatch;
  if (r.code != natpmp::Code::success || !address) {
    mappings_.last_error = fmt::format("by NAT-PMP the router says: {}", natpmp::to_string(r.code));
    return stage == Stage::probing ? Heard::no : Heard::nothing;
  }
  if (mappings_.epoch.lost_by_nat_pmp(now, r.epoch)) mappings_.on_state_lost(now, actions);
  mappings_.on_external(now, address->external, actions);
  return Heard::answer;
}

}  // namespace dw::nat::portmap
