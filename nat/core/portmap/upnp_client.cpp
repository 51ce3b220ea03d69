#include "nat/core/portmap/upnp_client.hpp"

#include <algorithm>

namespace dw::nat::portmap {

using Entry = Mappings::Entry;

bool UpnpClient::ask(TimePoint now, Actions& actions) {
  if (busy_) return true;
  auto& entries = mappings_.entries;
  UpnpAsk ask;
  ask.lifetime = mappings_.lifetime();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].due > now) continue;
    entries[i].asked = entries[i].tried = true;
    const bool with_its_pair = entries[i].wanted.follows && i > 0 && entries[i - 1].asked;
    ask.map.push_back({entries[i].wanted, mappings_.suggestion(i).port, with_its_pair});
  }
  if (ask.map.empty() && due_ > now) return true;
  const auto held = std::ranges::find_if(entries, [](const Entry& e) { return e.granted && !e.asked; });
  if (held != entries.end()) ask.check = UpnpAsk::Port{held->wanted, held->granted->external.port};
  busy_ = true;
  actions.upnp = std::move(ask);
  return true;
}

bool UpnpClient::remove(TimePoint now, Actions& actions) {
  if (busy_) return true;  // the request under way may still be granted
  UpnpAsk ask;
  for (const Entry& entry : mappings_.entries)
    if (entry.granted && entry.due <= now) ask.unmap.push_back({entry.wanted, entry.granted->external.port});
  if (ask.unmap.empty()) return false;
  busy_ = unmapping_ = true;
  actions.upnp = std::move(ask);
  return true;
}

TimePoint UpnpClient::deadline() const {
  if (busy_) return TimePoint::max();
  return std::min(due_, std::ranges::min_element(mappings_.entries, {}, &Entry::due)->due);
}

bool UpnpClient::on_answer(TimePoint now, const UpnpAnswer& answer, Actions& actions) {
  busy_ = false;
  for (Entry& entry : mappings_.entries)
    entry.asked = false;
  due_ = now + Mappings::kWatch;
  if (!answer.found) {
    mappings_.last_error = answer.problem;
    return false;
  }
  if (answer.check_failed) mappings_.on_state_lost(now, actions);
  mappings_.on_external(now, answer.external, actions);
  for (const auto& port : answer.ports) {
    const std::size_t at = mappings_.find(port.wanted);
    if (at == mappings_.entries.size()) continue;
    if (port.external == 0) {
      mappings_.on_refused(now, at, port.problem, Duration{}, actions);
    } else {
      mappings_.on_granted(now, at, {mappings_.external(), port.external}, port.lifetime, actions);
    }
  }
  return true;
}

bool UpnpClient::on_last_answer(TimePoint now, const UpnpAnswer& answer, Actions& actions) {
  busy_ = false;
  if (unmapping_) {
    for (std::size_t i = 0; i < mappings_.entries.size(); ++i)
      mappings_.removed(i, actions);
  }
  bool granted = false;
  for (const auto& port : answer.ports) {
    const std::size_t at = mappings_.find(port.wanted);
    if (at == mappings_.entries.size() || port.external == 0) continue;
    Entry& entry = mappings_.entries[at];
    entry.granted = Granted{port.wanted, {mappings_.external(), port.external}, Duration{}, TimePoint::max()};
    entry.due = now;
    granted = true;
  }
  return granted;
}

}  // namespace dw::nat::portmap
