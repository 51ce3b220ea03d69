#include "sbc/sip/dialogs.hpp"

#include <algorithm>
#include <iterator>

#include "sbc/sip/response.hpp"

namespace dw::sip {
namespace {

std::string key_of(std::string_view call_id, std::string_view initiator_tag, Side initiator) {
  std::string key;
  key.reserve(call_id.size() + initiator_tag.size() + 2);
  key += initiator == Side::access ? 'a' : 'c';
  key += call_id;
  key += '\n';
  return key += initiator_tag;
}

std::string contact_uri(const Message& m) {
  const Field* const field = m.find(FieldName::contact);
  if (!field) return {};
  std::string_view left = m.value(*field);
  const auto address = parse_name_addr(next_value(left).value_or(std::string_view{}));
  return address && !address->star ? std::string(address->uri) : std::string();
}

bool refreshes_target(Method method) {
  return method == Method::invite || method == Method::update || method == Method::subscribe ||
         method == Method::notify || method == Method::refer;
}

}  // namespace

DialogSet::Dialog* DialogSet::find(std::string_view responder_tag) {
  for (Dialog& dialog : dialogs) {
    if (dialog.responder_tag == responder_tag) return &dialog;
  }
  return nullptr;
}

DialogSet::Dialog& DialogSet::add(std::string_view responder_tag) {
  if (dialogs.size() >= kMaxDialogs) {
    auto out = std::ranges::find(dialogs, false, &Dialog::confirmed);
    if (out == dialogs.end()) out = dialogs.begin() + (dialogs.front().responder_tag == taken ? 1 : 0);
    dialogs.erase(out);
  }
  Dialog& dialog = dialogs.emplace_back();
  dialog.responder_tag = responder_tag;
  return dialog;
}

void DialogSet::note(const Message& m, Side from, bool begins) {
  const bool by_initiator = from == initiator && m.from_tag() == initiator_tag;
  Party* party = &initiator_party;
  bool says_routes = m.is_request() && begins;
  if (!m.is_request() && by_initiator) {
    if (m.to_tag().empty()) return;
    Dialog* dialog = find(m.to_tag());
    if (!dialog) dialog = &add(m.to_tag());
    const bool final = m.status() >= 200;
    says_routes = begins && (dialog->routes == Routes::unknown || (dialog->routes == Routes::early && final));
    if (says_routes) dialog->routes = final ? Routes::fixed : Routes::early;
    party = &dialog->responder;
  }
  if (std::string target = contact_uri(m); !target.empty()) party->target = std::move(target);
  if (says_routes) party->routes = route_set(m);
}

void DialogSet::refresh_target(const Message& m, bool from_initiator, Dialog* dialog) {
  if (!refreshes_target(m.method())) return;
  Party* party = &initiator_party;
  if (!from_initiator) {
    if (!dialog) {
      dialog = &add(m.from_tag());
      // A NOTIFY that was not recorded leaves it to the 2xx, whose proxies may record first requests only.
      if (m.method() == Method::notify) dialog->responder.routes = route_set(m);
      if (!dialog->responder.routes.empty()) dialog->routes = Routes::fixed;
    }
    party = &dialog->responder;
  }
  if (std::string target = contact_uri(m); !target.empty()) party->target = std::move(target);
}

FairShare::Options Dialogs::share_of(std::size_t max) {
  FairShare::Options share;
  share.total = max;
  share.per_source = std::max<std::size_t>(16, max / 32);
  share.per_known_source = std::max<std::size_t>(64, max / 4);
  return share;
}

Dialogs::Dialogs(std::size_t max, std::uint64_t seed)
    : max_(max), share_(share_of(max), seed), by_key_(0, KeyedHash(seed + 1)) {}

void Dialogs::set_max(std::size_t max) {
  max_ = max;
  share_.configure(share_of(max));
}

DialogSet* Dialogs::begin_for(const IpAddress& source, Standing standing, std::string_view call_id,
                              std::string_view tag, bool help) {
  if (!help && share_.take(source, standing) != FairShare::Verdict::granted) return nullptr;
  DialogSet* const set = begin(call_id, tag, Side::access, help);
  if (help) return set;
  if (set) {
    set->counts_for.emplace(source, standing);
  } else {
    share_.give_back(source, standing);
  }
  return set;
}

DialogSet* Dialogs::begin(std::string_view call_id, std::string_view initiator_tag, Side initiator, bool beyond) {
  if (all_.size() >= max_ + (beyond ? kBeyond : 0)) return nullptr;
  DialogSet& set = all_.add();
  set.id = ++last_id_;
  set.call_id = call_id;
  set.initiator_tag = initiator_tag;
  set.initiator = initiator;
  set.key = key_of(call_id, initiator_tag, initiator);
  by_key_.emplace(set.key, &set);
  by_id_[set.id] = &set;
  return &set;
}

DialogSet* Dialogs::find(std::string_view call_id, std::string_view initiator_tag, Side initiator,
                         std::uint64_t binding, const IpAddress& phone) {
  const std::string key = key_of(call_id, initiator_tag, initiator);
  for (auto [at, end] = by_key_.equal_range(key); at != end; ++at) {
    DialogSet& set = *at->second;
    if (binding != 0 ? set.binding == binding : set.reach.flow.peer.address == phone) return &set;
  }
  return nullptr;
}

/// The one with that responder; the only one when none has it. Two ends may choose all names alike, by mistake or of
/// purpose: then each sender means its own, one that is answered before one that is not, and a second BYE the second
/// call.
DialogSet* Dialogs::with_responder(std::string_view call_id, std::string_view initiator_tag, Side initiator,
                                   std::string_view responder_tag,
                                   const std::function<bool(const DialogSet&)>& theirs) {
  const std::string key = key_of(call_id, initiator_tag, initiator);
  const auto [begin, end] = by_key_.equal_range(key);
  const bool alone = begin != end && std::next(begin) == end;
  DialogSet* found = nullptr;
  int rank = -1;
  for (auto at = begin; at != end; ++at) {
    DialogSet& set = *at->second;
    const DialogSet::Dialog* const dialog = set.find(responder_tag);
    if (!dialog) continue;
    if (alone) return &set;
    const bool being_ended = set.ended_by != Call::EndedBy::unknown;
    const int fits =
        (theirs && theirs(set) ? 8 : 0) + (set.over ? 0 : 4) + (dialog->confirmed ? 2 : 0) + (being_ended ? 0 : 1);
    if (fits <= rank) continue;
    rank = fits;
    found = &set;
  }
  if (found) return found;
  return begin != end && std::next(begin) == end ? begin->second : nullptr;
}

DialogSet* Dialogs::by_id(std::uint64_t id) {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : at->second;
}

Dialogs::Match Dialogs::match(const Message& request, Side from, const std::function<bool(const DialogSet&)>& theirs) {
  if (request.to_tag().empty()) {
    // It begins something, or its initiator has no tag, as before RFC 3261 (§12.1.1 there).
    DialogSet* const set = with_responder(request.call_id(), {}, other(from), request.from_tag(), theirs);
    DialogSet::Dialog* const dialog = set ? set->find(request.from_tag()) : nullptr;
    return dialog ? Match{set, false, dialog} : Match{};
  }
  if (DialogSet* const set = with_responder(request.call_id(), request.from_tag(), from, request.to_tag(), theirs))
    return {set, true, set->find(request.to_tag())};
  if (DialogSet* const set =
          with_responder(request.call_id(), request.to_tag(), other(from), request.from_tag(), theirs))
    return {set, false, set->find(request.from_tag())};
  return {};
}

Dialogs::Match Dialogs::match_in(DialogSet& set, const Message& request, Side from) {
  if (set.call_id != request.call_id()) return {};
  if (set.initiator == from && set.initiator_tag == request.from_tag()) return {&set, true, set.find(request.to_tag())};
  if (set.initiator == other(from) && set.initiator_tag == request.to_tag())
    return {&set, false, set.find(request.from_tag())};
  return {};
}

bool Dialogs::is_answered_elsewhere(const DialogSet& set) const {
  const auto [begin, end] = by_key_.equal_range(set.key);
  return std::any_of(begin, end, [&](const auto& entry) { return entry.second != &set && entry.second->connected; });
}

void Dialogs::forget(DialogSet& set) {
  if (set.counted) count_call(set, -1);
  if (set.counts_for) share_.give_back(set.counts_for->first, set.counts_for->second);
  for (auto [at, end] = by_key_.equal_range(set.key); at != end; ++at) {
    if (at->second == &set) {
      by_key_.erase(at);
      break;
    }
  }
  by_id_.erase(set.id);
  deadlines_.clear(set.slot);
  all_.remove(set.slot);
}

void Dialogs::set_until(DialogSet& set, TimePoint until) {
  set.until = until;
  if (until == TimePoint::max()) {
    deadlines_.clear(set.slot);
  } else {
    deadlines_.set(set.slot, until);
  }
}

DialogSet* Dialogs::pop_due(TimePoint now) {
  const auto slot = deadlines_.pop_due(now);
  return slot ? all_.at(*slot) : nullptr;
}

}  // namespace dw::sip
