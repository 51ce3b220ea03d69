#include "sbc/sip/bindings.hpp"

#include <algorithm>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/uri.hpp"

namespace dw::sip {
namespace {

constexpr std::string_view kInstance = "+sip.instance";

/// Host, port and, behind another Dropwire, whose name for the phone; and the user, where it counts.
bool is_same_contact(const Uri& contact, const Binding& b, bool user_counts) {
  const auto known = parse_uri(b.contact_uri);
  if (!known || !equal_ignoring_case(known->host, contact.host)) return false;
  const auto named = find_param(known->params, "dw"), names = find_param(contact.params, "dw");
  return known->port.value_or(kSipPort) == contact.port.value_or(kSipPort) &&
         (!user_counts || is_same_user(known->user, contact.user)) &&
         (named ? named->value : std::string_view{}) == (names ? names->value : std::string_view{});
}

bool is_same_host(const Uri& contact, const Binding& b) {
  const auto known = parse_uri(b.contact_uri);
  return known && equal_ignoring_case(known->host, contact.host);
}

/// Two lines of one phone.
bool is_same_phone(const Binding& a, const Binding& b) {
  if (!a.device.empty() || !b.device.empty()) return a.device == b.device;
  const auto contact = parse_uri(a.contact_uri);
  return a.reach.flow == b.reach.flow && a.reach.stated == b.reach.stated && contact &&
         is_same_contact(*contact, b, false);
}

}  // namespace

std::string_view domain_in(std::string_view aor) {
  const auto at = aor.rfind('@');
  return at == aor.npos ? std::string_view() : aor.substr(at + 1);
}

std::string contact_group(std::string_view aor, std::string_view instance, std::string_view reg_id) {
  if (instance.empty()) return {};
  std::string group(aor);
  group += '\n';
  // UUIDs are the same in either case (RFC 9562 §4, RFC 8141 §3.1).
  const bool is_uuid = instance.find("uuid:") != instance.npos || instance.find("UUID:") != instance.npos;
  for (const char c : instance)
    group += is_uuid ? lower(c) : c;
  if (!reg_id.empty()) group.append("\n").append(reg_id);
  return group;
}

std::string binding_key(std::string_view aor, std::string_view group, std::string_view contact_uri,
                        const IpAddress& source) {
  std::string key(group.empty() ? aor : group);
  key += '\n';
  key += uri_identity(contact_uri);
  if (group.empty()) key.append("\n").append(source.to_string());
  return key;
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

Binding* Bindings::only_by_user(std::string_view user, std::size_t server, std::string_view domain) {
  Binding *only = nullptr, *only_there = nullptr;
  bool several = false, several_there = false;
  for (auto [at, end] = users_.equal_range(user_key(user)); at != end; ++at) {
    Binding* const b = at->second;
    if (b->server != server || !is_same_user(b->user, user)) continue;
    several = several || only;
    only = b;
    if (domain.empty() || !equal_ignoring_case(domain_in(b->aor), domain)) continue;
    several_there = several_there || only_there;
    only_there = b;
  }
  if (!several) return only;
  return several_there ? nullptr : only_there;
}

std::vector<Binding*> Bindings::elsewhere(const Binding& b) {
  std::vector<Binding*> all;
  for (auto [at, end] = users_.equal_range(user_key(b.user)); at != end; ++at) {
    Binding* const other = at->second;
    const bool same = other->device == b.device && other->maps_host == b.maps_host &&
                      other->contact_uri == b.contact_uri &&
                      other->reach.flow.peer.address == b.reach.flow.peer.address;
    if (same && other->aor != b.aor) all.push_back(other);
  }
  return all;
}

std::vector<Binding*> Bindings::by_aor(std::string_view aor) {
  std::vector<Binding*> all;
  for (auto [at, end] = users_.equal_range(user_key(aor.substr(0, aor.find('@')))); at != end; ++at) {
    if (at->second->aor == aor) all.push_back(at->second);
  }
  return all;
}

std::vector<Binding*> Bindings::by_group(std::string_view aor, std::string_view group) {
  std::vector<Binding*> all = by_aor(aor);
  std::erase_if(all, [&](const Binding* b) { return b->group != group; });
  std::ranges::sort(all, {}, &Binding::id);
  return all;
}

bool Bindings::is_user_at(const Flow& flow, std::string_view user) const {
  const auto [begin, end] = sources_.equal_range(flow.peer.address);
  return std::any_of(begin, end, [&](const auto& entry) {
    const Reach& reach = entry.second->reach;
    const bool same = reach.flow.connection == flow.connection && reach.flow.peer == flow.peer;
    return is_same_user(entry.second->user, user) && (same || !reach.behind_nat());
  });
}

const Binding* Bindings::of_user_at(const Flow& flow, std::string_view user) const {
  const Binding* found = nullptr;
  for (auto [at, end] = users_.equal_range(user_key(user)); at != end; ++at) {
    const Binding* const b = at->second;
    if (b->reach.flow.peer.address != flow.peer.address || !is_same_user(b->user, user)) continue;
    if (!found || b->reach.flow.peer == flow.peer) found = b;
  }
  return found;
}

PhoneWords words_of(const Message& m) {
  PhoneWords says;
  if (const auto& from = m.from_uri()) says.user = from->user;
  says.stated = IpAddress::parse(m.via().host).value_or(IpAddress{});
  const Field* const field = m.find(FieldName::contact);
  std::string_view left = field ? m.value(*field) : std::string_view{};
  const auto contact = parse_name_addr(next_value(left).value_or(std::string_view{}));
  if (!contact || contact->star) return says;
  says.contact_uri = contact->uri;
  if (const auto instance = find_param(contact->params, kInstance)) says.instance = instance->value;
  return says;
}

Binding* Bindings::of_phone(const Flow& flow, const PhoneWords& says) {
  const auto [begin, end] = sources_.equal_range(flow.peer.address);
  const auto contact = says.contact_uri.empty() ? fail(Errc::malformed, {}) : parse_uri(says.contact_uri);
  Binding* best = nullptr;
  Binding* on_flow = nullptr;
  unsigned most = 0;
  bool tie = false, flow_is_one_phones = true;
  for (auto at = begin; at != end; ++at) {
    Binding& b = *at->second;
    const bool same_flow = b.reach.flow.connection == flow.connection && b.reach.flow.peer == flow.peer;
    if (same_flow) {
      flow_is_one_phones = flow_is_one_phones && (!on_flow || is_same_phone(*on_flow, b));
      if (!on_flow) on_flow = &b;
    }
    const bool same_contact = contact && is_same_contact(*contact, b, true),
               same_user = is_same_user(b.user, says.user);
    const bool same_host = says.stated && b.reach.stated == says.stated;
    // One that calls from elsewhere, by the user's name, has another phone of the same user.
    if (!same_contact && !(same_user && (same_flow || same_host || !contact || is_same_host(*contact, b)))) continue;
    const unsigned score =
        (same_contact ? 8U : 0U) + (same_flow ? 4U : 0U) + (same_user ? 2U : 0U) + (same_host ? 1U : 0U);
    if (score > most) {
      best = &b;
      most = score;
      tie = false;
    } else if (score == most && !is_same_phone(*best, b)) {
      tie = true;
    }
  }
  if (best) return tie ? nullptr : best;
  if (on_flow && flow_is_one_phones && (!contact || is_same_contact(*contact, *on_flow, false))) return on_flow;
  if (says.instance.empty()) return nullptr;
  const auto same = std::find_if(
      begin, end, [&](const auto& entry) { return entry.second->contact.find(says.instance) != std::string::npos; });
  return same == end ? nullptr : same->second;
}

Reach Bindings::reach_of(const Binding& b) const {
  Reach reach = b.reach;
  if (reach.flow.transport != Transport::udp || reach.flow.peer == reach.at_contact()) return reach;
  const auto [begin, end] = sources_.equal_range(reach.flow.peer.address);
  const bool anothers = std::any_of(begin, end, [&](const auto& entry) {
    const Binding& other = *entry.second;
    const bool has_it = other.reach.flow.peer == reach.at_contact() ||
                        (other.reach.answers == Reach::Answers::at_contact && reach.answers != other.reach.answers &&
                         other.reach.at_contact() == reach.at_contact());
    return has_it && !is_same_phone(other, b);
  });
  if (anothers) reach.contact_port = 0;
  return reach;
}

bool Bindings::uses(ConnectionId connection, const IpAddress& source) const {
  const auto [begin, end] = sources_.equal_range(source);
  return std::any_of(begin, end, [&](const auto& entry) { return entry.second->reach.flow.connection == connection; });
}

Binding* Bindings::add(Binding b) {
  if (!has_room(b.reach.flow.peer.address)) return nullptr;
  Binding& kept = all_.add(std::move(b));
  kept.id = ++last_id_;
  tokens_[kept.token] = &kept;
  keys_[kept.key] = &kept;
  users_.emplace(user_key(kept.user), &kept);
  ids_[kept.id] = &kept;
  index_source(kept);
  changed_.insert(kept.token);
  arm(kept);
  return &kept;
}

bool Bindings::has_room(const IpAddress& source) const {
  if (all_.size() >= max_) return false;
  const auto count = counts_.find(source_of(source));
  return count == counts_.end() || count->second < std::max(kLeastPerSource, max_ / 4);
}

Binding* Bindings::too_many(std::string_view aor) {
  const auto all = by_aor(aor);
  return all.size() < kMaxPerAor ? nullptr : *std::ranges::min_element(all, {}, &Binding::expires_at);
}

void Bindings::index_source(const Binding& b) {
  ++counts_[source_of(b.reach.flow.peer.address)];
  sources_.emplace(b.reach.flow.peer.address, all_.at(b.slot));
}

void Bindings::unindex_source(const Binding& b) {
  const auto count = counts_.find(source_of(b.reach.flow.peer.address));
  if (count != counts_.end() && --count->second == 0) counts_.erase(count);
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

void Bindings::rename(Binding& b, const std::string& token, const std::string& key, const std::string& group) {
  if (Binding* const other = by_token(token); other && other != &b) remove(*other);
  if (Binding* const other = by_key(key); other && other != &b) remove(*other);
  changed_.insert(b.token);
  tokens_.erase(b.token);
  keys_.erase(b.key);
  b.token = token;
  b.key = key;
  b.group = group;
  tokens_[b.token] = &b;
  keys_[b.key] = &b;
  changed_.insert(b.token);
}

void Bindings::remove(Binding& b) {
  changed_.insert(b.token);
  unindex_source(b);
  for (auto [at, end] = users_.equal_range(user_key(b.user)); at != end; ++at) {
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
    b.reported_at = {};
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
