#include "sbc/sccp/device_names.hpp"

#include <utility>

#include "sbc/base/ids.hpp"

namespace dw::sccp {
namespace {

using Kind = DeviceNames::Action::Kind;

void refuse_claim(DeviceNames::Id id, std::string why, DeviceNames::Actions& out) {
  out.push_back({Kind::refuse, id, "Registered elsewhere", std::move(why)});
}

std::string about_to_register(const IpAddress& from) {
  return "a phone of that name is about to register from " + from.to_string();
}

}  // namespace

DeviceNames::DeviceNames(const Options& options, Facts facts, std::uint64_t seed)
    : options_(options),
      facts_(std::move(facts)),
      book_(options.registrations_per_minute, seed),
      names_(0, KeyedHash(seed + 2)) {}

void DeviceNames::configure(const Options& options) {
  options_ = options;
  book_.configure(options.registrations_per_minute);
}

void DeviceNames::wants(TimePoint now, const std::string& name, Id id, const IpAddress& from, Actions& out) {
  const Phone phone{id, from};
  if (!book_.may_register(now, name, from, evidence(name, phone))) {
    out.push_back(
        {Kind::refuse, id, "Too many registrations", "it registers too often (access.sccp.registrations_per_minute)"});
    return;
  }
  const auto [held, free] = names_.try_emplace(name, Held{phone});
  if (!free && held->second.phone.id != id) return claim(now, name, held->second, phone, out);
  out.push_back({Kind::admit, id});
}

void DeviceNames::claim(TimePoint now, const std::string& name, Held& held, const Phone& newcomer, Actions& out) {
  if (held.contest && held.contest->next) {
    const Phone first = *held.contest->next;
    const bool same = first.address == newcomer.address;
    if (!same && evidence(name, newcomer) <= evidence(name, first))
      return refuse_claim(newcomer.id, about_to_register(first.address), out);
    held.contest->next.reset();
    if (same) {
      out.push_back({Kind::hang_up, first.id});
    } else {
      refuse_claim(first.id, about_to_register(newcomer.address), out);
    }
  }
  const Phone& old = held.phone;
  const NameClaim claim{old.address == newcomer.address, old.registered, is_proven(name, newcomer),
                        evidence(name, newcomer), evidence(name, old)};
  if (!held.closing && claim.loses_at_once()) return refuse_claim(newcomer.id, about_to_register(old.address), out);
  if (!held.contest) held.contest = std::make_unique<Contest>();
  held.contest->next = newcomer;
  if (held.closing) return;
  if (claim.wins_at_once()) {
    out.push_back({Kind::supersede, old.id});
  } else if (!held.contest->question) {
    held.contest->question.emplace(now);
    deadlines_.set(old.id, held.contest->question->next_deadline());
    out.push_back({Kind::ask, old.id});
  }
}

void DeviceNames::look(TimePoint now, const std::string& name, Id id, bool acknowledged, TimePoint heard,
                       Actions& out) {
  const auto at = names_.find(name);
  if (at == names_.end() || at->second.phone.id != id) return;
  Held& held = at->second;
  if (!held.contest || !held.contest->question) return;
  const ClaimQuestion::Answer answer = held.contest->question->on_deadline(now, acknowledged, heard);
  if (answer == ClaimQuestion::Answer::none_yet) return deadlines_.set(id, held.contest->question->next_deadline());
  held.contest->question.reset();
  if (!held.contest->next) return;
  if (answer == ClaimQuestion::Answer::silent) {
    out.push_back({Kind::supersede, id});
    return;
  }
  refuse_claim(held.contest->next->id,
               "a phone of that name is registered from " + held.phone.address.to_string() + ", and answers there",
               out);
  held.contest.reset();
}

void DeviceNames::registered(TimePoint now, const std::string& name, Id id, const IpAddress& from) {
  if (const auto at = names_.find(name); at != names_.end() && at->second.phone.id == id)
    at->second.phone.registered = true;
  book_.registered(now, name, from, took_its_config(name, from, Duration::max()));
}

void DeviceNames::closing(const std::string& name, Id id) {
  const auto at = names_.find(name);
  if (at == names_.end()) return;
  Held& held = at->second;
  if (held.phone.id == id) {
    held.closing = true;
    deadlines_.clear(id);
    if (held.contest) held.contest->question.reset();
  } else if (held.contest && held.contest->next && held.contest->next->id == id) {
    held.contest->next.reset();
  }
}

void DeviceNames::gone(const std::string& name, Id id, Actions& out) {
  const auto at = names_.find(name);
  if (at == names_.end() || at->second.phone.id != id) return;
  deadlines_.clear(id);
  if (!at->second.contest || !at->second.contest->next) {
    names_.erase(at);
    return;
  }
  const Phone next = *at->second.contest->next;
  at->second = Held{next};
  out.push_back({Kind::admit, next.id});
}

std::optional<DeviceNames::Id> DeviceNames::holder(const std::string& name) const {
  const auto at = names_.find(name);
  if (at == names_.end()) return std::nullopt;
  return at->second.phone.id;
}

/// Its MAC is that of its name, as far as our own LAN shows, or it took the file that is only for it.
bool DeviceNames::is_proven(const std::string& name, const Phone& phone) const {
  if (!options_.own_lan || !phone.address.is_private()) return false;
  const auto device = DeviceName::parse(name);
  const auto mac = facts_.link_address ? facts_.link_address(phone.address) : std::nullopt;
  if (device && mac && device->mac_digits() == *mac) return true;
  return took_its_config(name, phone.address, kTookConfig);
}

/// A phone that is registered may have taken its configuration long ago.
unsigned DeviceNames::evidence(const std::string& name, const Phone& phone) const {
  const Duration within = phone.registered ? Duration::max() : kTookConfig;
  return book_.evidence(name, phone.address, took_its_config(name, phone.address, within));
}

bool DeviceNames::took_its_config(const std::string& name, const IpAddress& at, Duration within) const {
  return facts_.took_its_config && facts_.took_its_config(name, at, within);
}

}  // namespace dw::sccp
