#include "sbc/sccp/media_channels.hpp"

#include <algorithm>

namespace dw::sccp {

namespace {

bool differ(std::uint32_t a, std::uint32_t b) {
  return a != 0 && b != 0 && a != b;
}
bool same(std::uint32_t a, std::uint32_t b) {
  return a != 0 && a == b;
}
bool waits(const MediaChannel& channel) {
  return channel.receive && !channel.acked;
}

/// How well a channel fits what a message says; 0: not at all.
int likeness(const MediaChannel& c, const ChannelIds& ids, Lookup lookup) {
  if (differ(c.ids.party, ids.party) || differ(c.ids.call, ids.call)) return 0;
  int by = 0;
  if (same(c.ids.party, ids.party)) by += 8;
  if (same(c.ids.call, ids.call)) by += 4;
  if (same(c.ids.conference, ids.conference) && (by != 0 || ids.party == 0)) by += 2;
  if (by != 0 && lookup == Lookup::ack && waits(c)) ++by;
  return by;
}

}  // namespace

void MediaChannel::learn(const ChannelIds& said) {
  if (said.conference != 0) ids.conference = said.conference;
  if (said.party != 0) ids.party = said.party;
  if (said.call != 0) ids.call = said.call;
}

void MediaChannel::note_both(TimePoint now) {
  const bool both = receive && acked && transmit && far_end;
  if (both && !both_since) both_since = now;
  if (!both && both_since) {
    both_before += now - *both_since;
    both_since.reset();
  }
}

MediaChannel* MediaChannels::find(MediaKind kind, const ChannelIds& ids, Lookup lookup) {
  MediaChannel* best = nullptr;
  int most = 0;
  for (MediaChannel& channel : channels_) {
    const int by = channel.kind == kind ? likeness(channel, ids, lookup) : 0;
    if (by == 0 || by < most) continue;
    most = by;
    best = &channel;
  }
  if (best || lookup == Lookup::open) return best;
  if (ids.party != 0) return by_party(kind, ids);
  if (lookup != Lookup::ack) return nullptr;
  const auto meant = [&](const MediaChannel& c) { return c.kind == kind && waits(c); };
  if (std::ranges::count_if(channels_, meant) != 1) return nullptr;
  return &*std::ranges::find_if(channels_, meant);
}

/// For a call reference that nobody has: the only channel of that party, unless it is another's that was closed lately,
/// whose late Ack or second Close must not touch this one.
MediaChannel* MediaChannels::by_party(MediaKind kind, const ChannelIds& ids) {
  const auto meant = [&](const MediaChannel& c) { return c.kind == kind && c.ids.party == ids.party; };
  const auto closed = [&](const Removed& r) {
    return r.kind == kind && r.ids.party == ids.party && same(r.ids.call, ids.call);
  };
  if (std::ranges::count_if(channels_, meant) != 1 || std::ranges::any_of(removed_, closed)) return nullptr;
  return &*std::ranges::find_if(channels_, meant);
}

MediaChannel* MediaChannels::find(MediaId id) {
  const auto at = std::ranges::find_if(channels_, [&](const MediaChannel& c) { return c.ports.id == id; });
  return at == channels_.end() ? nullptr : &*at;
}

MediaChannel* MediaChannels::add(MediaKind kind, const ChannelIds& ids) {
  if (channels_.size() == kMaxChannels) return nullptr;
  MediaChannel channel;
  channel.kind = kind;
  channel.ids = ids;
  return &channels_.emplace_back(std::move(channel));
}

std::optional<Endpoint> MediaChannels::removed_lately(MediaKind kind, const ChannelIds& ids) const {
  const auto meant = [&](const Removed& r) {
    if (r.kind != kind || differ(r.ids.call, ids.call)) return false;
    return ids.party != 0 ? r.ids.party == ids.party : same(r.ids.call, ids.call);
  };
  const auto at = std::ranges::find_if(removed_.rbegin(), removed_.rend(), meant);
  if (at == removed_.rend()) return std::nullopt;
  return at->central_facing;
}

void MediaChannels::remove(MediaChannel& channel) {
  if (removed_.size() == kMaxChannels) removed_.erase(removed_.begin());
  removed_.push_back({channel.kind, channel.ids, channel.ports.central_facing});
  channels_.erase(channels_.begin() + (&channel - channels_.data()));
}

}  // namespace dw::sccp
