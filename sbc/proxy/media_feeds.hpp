#pragma once
#include <unordered_map>
#include <vector>

#include "sbc/base/media_broker.hpp"

namespace dw::proxy {

/// Which stream's phone is heard by which other stream's phone, where both are ours. Streams name each other as far
/// ends; a stream that has a far end is fed by that one alone, so nobody gets into a call, or another one out of it, by
/// naming its port. One that has none is fed by the first that names it.
class MediaFeeds {
 public:
  /// `from`'s phone is to be heard by `to`'s; MediaId::none: by nobody any more.
  struct Change {
    MediaId from, to;
    friend bool operator==(const Change&, const Change&) = default;
  };
  /// In order.
  using Changes = std::vector<Change>;

  /// The far end of `id` is that stream. The same one once more is no change.
  Changes name(MediaId id, MediaId other);
  /// It is no stream of ours; `nobody`: there is none.
  Changes name_other(MediaId id, bool nobody);
  Changes forget(MediaId id);
  /// None: nobody.
  MediaId fed_by(MediaId id) const;

 private:
  struct Stream {
    MediaId names = MediaId::none;
    bool has_far_end = false;
    MediaId fed_by = MediaId::none;
    std::vector<MediaId> named_by;  ///< the first first
  };
  void leave(MediaId id, Stream& stream, Changes& out);
  void choose(MediaId id, Stream& stream, Changes& out);

  std::unordered_map<MediaId, Stream> streams_;
};

}  // namespace dw::proxy
