#include "sbc/sccp/media_channels.hpp"

#include <algorithm>

namespace dw::sccp {

MediaChannel* MediaChannels::find(MediaKind kind, const ChannelIds& ids, bool pending) {
  const auto by = [&](auto same) -> MediaChannel* {
    const auto at =
        std::ranges::find_if(channels_, [&](const MediaChannel& c) { return c.kind == kind && same(c); });
    return at == channels_.end() ? nullptr : &*at;
  };
  if (ids.party != 0) {
    if (MediaChannel* c = by([&](const MediaChannel& x) { return x.ids.party == ids.party; })) return c;
  }
  if (ids.call != 0) {
    if (MediaChannel* c = by([&](const MediaChannel& x) { return x.ids.call == ids.call; })) {
      // Both have a party, and another one: two channels of one call.
      if (ids.party == 0 || c->ids.party == 0) return c;
    }
  }
  if (ids.conference != 0 && ids.party == 0) {
    if (MediaChannel* c = by([&](const MediaChannel& x) { return x.ids.conference == ids.conference; }))
      return c;
  }
  if (!pending || ids.party != 0)
    return nullptr;  // a late Ack of a closed channel must not take another's place
  const auto waits = [&](const MediaChannel& c) { return c.kind == kind && c.receive && !c.acked; };
  if (std::ranges::count_if(channels_, waits) != 1) return nullptr;
  return by(waits);
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
  const auto same = [&](const Removed& r) {
    if (r.kind != kind) return false;
    return ids.party != 0 ? r.ids.party == ids.party : ids.call != 0 && r.ids.call == ids.call;
  };
  const auto at = std::ranges::find_if(removed_.rbegin(), removed_.rend(), same);
  if (at == removed_.rend()) return std::nullopt;
  return at->central_facing;
}

void MediaChannels::remove(MediaChannel& channel) {
  if (removed_.size() == kMaxChannels) removed_.erase(removed_.begin());
  removed_.push_back({channel.kind, channel.ids, channel.ports.central_facing});
  channels_.erase(channels_.begin() + (&channel - channels_.data()));
}

}  // namespace dw::sccp
