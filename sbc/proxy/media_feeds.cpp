#include "sbc/proxy/media_feeds.hpp"

#include <algorithm>
#include <utility>

namespace dw::proxy {

MediaFeeds::Changes MediaFeeds::name(MediaId id, MediaId other) {
  Changes out;
  streams_.try_emplace(other);
  Stream& stream = streams_[id];
  if (stream.names == other) return out;
  leave(id, stream, out);
  stream.names = other;
  stream.has_far_end = true;
  Stream& named = streams_[other];
  named.named_by.push_back(id);
  choose(other, named, out);
  choose(id, stream, out);
  return out;
}

MediaFeeds::Changes MediaFeeds::name_other(MediaId id, bool nobody) {
  Changes out;
  Stream& stream = streams_[id];
  leave(id, stream, out);
  stream.has_far_end = !nobody;
  choose(id, stream, out);
  return out;
}

MediaFeeds::Changes MediaFeeds::forget(MediaId id) {
  Changes out;
  const auto at = streams_.find(id);
  if (at == streams_.end()) return out;
  leave(id, at->second, out);
  if (at->second.fed_by != MediaId::none) out.push_back({at->second.fed_by, MediaId::none});
  // Those that name it go on doing so: nobody else feeds them until signalling names another.
  streams_.erase(at);
  return out;
}

MediaId MediaFeeds::fed_by(MediaId id) const {
  const auto at = streams_.find(id);
  return at == streams_.end() ? MediaId::none : at->second.fed_by;
}

/// It no longer names a stream of ours.
void MediaFeeds::leave(MediaId id, Stream& stream, Changes& out) {
  const auto named = streams_.find(std::exchange(stream.names, MediaId::none));
  if (named == streams_.end()) return;
  std::erase(named->second.named_by, id);
  choose(named->first, named->second, out);
}

void MediaFeeds::choose(MediaId id, Stream& stream, Changes& out) {
  const auto& by = stream.named_by;
  const auto names_it = [&](MediaId other) { return std::ranges::find(by, other) != by.end(); };
  MediaId wanted = stream.fed_by;
  if (stream.has_far_end)
    wanted = names_it(stream.names) ? stream.names : MediaId::none;
  else if (!names_it(wanted))
    wanted = by.empty() ? MediaId::none : by.front();
  if (wanted == stream.fed_by) return;
  if (stream.fed_by != MediaId::none) out.push_back({stream.fed_by, MediaId::none});
  stream.fed_by = wanted;
  if (wanted != MediaId::none) out.push_back({wanted, id});
}

}  // namespace dw::proxy
