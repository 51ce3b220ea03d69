#include "sbc/sip/bindings.hpp"

#include <algorithm>

namespace dw::sip {

std::string binding_key(std::string_view aor, std::string_view instance, std::string_view contact_uri,
                        const IpAddress& source) {
  std::string key(aor);
  key += '\n';
  if (!instance.empty()) return key += instance;
  key += contact_uri;
  key += '\n';
  return key += source.to_string();
}

Binding* Bindings::by_token(std::string_view token) {
  const auto at = tokens_.find(token);
  return at == tokens_.end() ? nullptr : at->second;
}

Binding* Bindings::by_key(std::string_view key) {
  const auto at = keys_.find(key);
  return at == keys_.end() ? nullptr : at->second;
}

Binding* Bindings::by_id(std::uint64_t id) {
  const auto at = ids_.find(id);
  return at == ids_.end() ? nullptr : at->second;
}

Binding* Bindings::only_by_user(std::string_view user, std::size_t server) {
  Binding* only = nullptr;
  for (auto [at, end] = users_.equal_range(user); at != end; ++at) {
    if (at->second->server != server) continue;
    if (only) return nullptr;
    only = at->second;
  }
  return only;
}

std::vector<Binding*> Bindings::by_aor(std::string_view aor) {
  std::vector<Binding*> all;
  const std::string_view user = aor.substr(0, aor.find('@'));
  for (auto [at, end] = users_.equal_range(user); at != end; ++at) {
    if (at->second->aor == aor) all.push_back(at->second);
  }
  return all;
}

Binding* Bindings::of_phone(const Flow& flow, std::string_view user) {
  Binding* at_address = nullptr;
  Binding* same_flow = nullptr;
  for (auto [at, end] = sources_.equal_range(flow.peer.address); at != end; ++at) {
    Binding* const b = at->second;
    const bool same = b->reach.flow.connection == flow.connection && b->reach.flow.peer == flow.peer;
    if (b->user == user) {
      if (same) return b;
      if (!at_address || at_address->user != user) at_address = b;
    }
    if (same && !same_flow) same_flow = b;
    if (!at_address) at_address = b;
  }
  if (at_address && at_address->user == user) return at_address;
  return same_flow ? same_flow : at_address;
}

bool Bindings::uses(ConnectionId connection, const IpAddress& source) const {
  const auto [begin, end] = sources_.equal_range(source);
  return std::any_of(begin, end,
                     [&](const auto& entry) { return entry.second->reach.flow.connection == connection; });
}

Binding* Bindings::add(Binding b, TimePoint now) {
  (void)now;
  if (full()) return nullptr;
  Binding& kept = all_.add(std::move(b));
  kept.id = ++last_id_;
  tokens_[kept.token] = &kept;
  keys_[kept.key] = &kept;
  users_.emplace(kept.user, &kept);
  ids_[kept.id] = &kept;
  index_source(kept);
  changed_.insert(kept.token);
  arm(kept);
  return &kept;
}

void Bindings::index_source(const Binding& b) {
  sources_.emplace(b.reach.flow.peer.address, all_.at(b.slot));
}

void Bindings::unindex_source(const Binding& b) {
  for (auto [at, end] = sources_.equal_range(b.reach.flow.peer.address); at != end; ++at) {
    if (at->second == &b) {
      sources_.erase(at);
      return;
    }
  }
}

void Bindings::moved(Binding& b, const Reach& reach) {
  if (reach.flow.peer.address != b.reach.flow.peer.address) {
    unindex_source(b);
    b.reach = reach;
    index_source(b);
  } else {
    b.reach = reach;
  }
  touched(b);
}

void Bindings::touched(Binding& b) {
  changed_.insert(b.token);
  arm(b);
}

void Bindings::remove(Binding& b) {
  changed_.insert(b.token);
  unindex_source(b);
  for (auto [at, end] = users_.equal_range(b.user); at != end; ++at) {
    if (at->second == &b) {
      users_.erase(at);
      break;
    }
  }
  tokens_.erase(b.token);
  keys_.erase(b.key);
  ids_.erase(b.id);
  deadlines_.clear(b.slot);
  all_.remove(b.slot);
}

std::vector<Binding*> Bindings::connection_closed(ConnectionId connection) {
  std::vector<Binding*> all;
  if (connection == ConnectionId::none) return all;
  all_.for_each([&](Binding& b) {
    if (b.reach.flow.connection != connection) return;
    b.stale_connection = true;
    b.told = {};
    b.next_keepalive = TimePoint::max();
    arm(b);
    all.push_back(&b);
  });
  return all;
}

Binding* Bindings::pop_due(TimePoint now) {
  const auto slot = deadlines_.pop_due(now);
  return slot ? all_.at(*slot) : nullptr;
}

void Bindings::arm(Binding& b) {
  deadlines_.set(b.slot, std::min(b.expires_at, b.next_keepalive));
}

std::vector<std::string> Bindings::take_changed() {
  std::vector<std::string> all(changed_.begin(), changed_.end());
  changed_.clear();
  return all;
}

}  // namespace dw::sip
