#include "nat/fast/core/interfaces.hpp"

#include <utility>

namespace dw::nat::fast {
namespace {

constexpr const char* kRemovedAgain = "somebody keeps removing the filter from this interface (tc filter, tc qdisc)";

}  // namespace

bool Interfaces::is_plain(const Link& link) {
  return link.up && link.ethernet && !link.loopback && !link.member && !link.vlan;
}

void Interfaces::on_listing(const std::vector<Link>& links) {
  auto before = std::exchange(entries_, {});
  more_ = false;
  for (const Link& link : links) {
    const auto known = before.find(link.index);
    const bool attached = known != before.end() && known->second.attached;
    // What it is attached to stays here until it is detached.
    if ((link.loopback || link.member) && !attached) continue;
    if (entries_.size() >= LoaderReport::kMaxInterfaces && !attached) {
      more_ = true;
      continue;
    }
    Entry entry = known != before.end() ? std::move(known->second) : Entry{};
    if (entry.link != link) entry.refused.clear();
    entry.link = link;
    entries_.insert_or_assign(link.index, std::move(entry));
  }
}

void Interfaces::on_removed(unsigned interface) {
  const auto found = entries_.find(interface);
  if (found == entries_.end() || !found->second.attached) return;
  found->second.attached = false;
  if (++found->second.removed > kMaxPutBacks) found->second.refused = kRemovedAgain;
}

void Interfaces::on_attached(unsigned interface) {
  if (const auto found = entries_.find(interface); found != entries_.end()) {
    found->second.attached = true;
    found->second.refused.clear();
  }
}

void Interfaces::on_refused(unsigned interface, std::string why) {
  if (const auto found = entries_.find(interface); found != entries_.end()) {
    found->second.attached = false;
    found->second.refused = std::move(why);
  }
}

void Interfaces::on_detached(unsigned interface) {
  const auto found = entries_.find(interface);
  if (found == entries_.end()) return;
  found->second.attached = false;
  if (found->second.link.member || found->second.link.loopback) entries_.erase(found);
}

void Interfaces::on_unloaded() {
  for (auto& [index, entry] : entries_) {
    entry.attached = false;
    entry.removed = 0;
    entry.refused.clear();
  }
}

Interfaces::Work Interfaces::work() const {
  Work out;
  for (const auto& [index, entry] : entries_) {
    const bool wanted = is_plain(entry.link);
    if (entry.attached && !wanted) out.detach.push_back(index);
    if (!entry.attached && wanted && entry.refused.empty()) out.attach.push_back(index);
  }
  return out;
}

bool Interfaces::is_attached(unsigned interface) const {
  const auto found = entries_.find(interface);
  return found != entries_.end() && found->second.attached;
}

void Interfaces::report(LoaderReport& out) const {
  using State = InterfaceReport::State;
  out.more_interfaces = more_;
  out.interfaces.clear();
  for (const auto& [index, entry] : entries_) {
    if (entry.link.member || entry.link.loopback) continue;
    InterfaceReport one{entry.link.name, State::attached, {}};
    if (!entry.attached) {
      one.state = !entry.link.ethernet ? State::not_ethernet
                  : entry.link.vlan    ? State::vlan
                  : !entry.link.up     ? State::down
                                       : State::refused;
      if (one.state == State::refused) one.why = entry.refused;
    }
    out.interfaces.push_back(std::move(one));
  }
}

}  // namespace dw::nat::fast
