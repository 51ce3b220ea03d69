#pragma once
#include <unordered_map>
#include <vector>

#include "sbc/base/media_broker.hpp"

namespace dw::proxy {

/// Which stream of ours feeds which other one: whose phone is heard by whose. Streams name each other as far ends. A
/// stream that names a far end is fed by that one alone, so nobody can enter a call, or take another's place in it, by
/// naming its port. A stream that names none is fed by the first that names it.
class MediaFeeds {
 public:
  /// The phone of `from` is to be heard by that of `to`; MediaId::none: by none any more.
  struct Change {
    MediaId from, to;
    friend bool operator==(const Change&, const Change&) = default;
  };
  /// In order.
  using Changes = std::vector<Change>;

  /// The far end of `id` is that stream. Naming the same one again changes nothing.
  Changes name(MediaId id, MediaId other);
  /// The far end of `id` is no stream of ours; `nobody`: it has none.
  Changes name_other(MediaId id, bool nobody);
  Changes forget(MediaId id);
  /// None: nobody.
  MediaId fed_by(MediaId id) const;

 private:
  struct Stream {
    MediaId names = MediaId::none;
    bool has_far_end = false;
    MediaId fed_by = MediaId::none;
    std::vector<MediaId> named_by;  ///< in the order in which they did
  };
  void leave(MediaId id, Stream& stream, Changes& out);
  void choose(MediaId id, Stream& stream, Changes& out);

  std::unordered_map<MediaId, Stream> streams_;
};

}  // namespace dw::proxy
