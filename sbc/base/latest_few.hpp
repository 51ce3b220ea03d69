#pragma once
#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace dw {

/// The last few things of a kind, for a person to look at: latest first; the least recently seen one is evicted.
/// Constant work, as kMost is small.
template <class Entry, std::size_t kMost>
class LatestFew {
 public:
  /// Returns the entry for which `same(entry)` holds, or else adds `otherwise`; either becomes the latest. The
  /// reference is valid until the next call.
  template <class Same>
  Entry& see(Same&& same, Entry otherwise) {
    auto place = std::ranges::find_if(all_, same);
    if (place == all_.end()) {
      if (all_.size() == kMost) all_.pop_back();
      all_.push_back(std::move(otherwise));
      place = all_.end() - 1;
    }
    std::rotate(all_.begin(), place, place + 1);
    return all_.front();
  }
  void clear() { all_.clear(); }
  const std::vector<Entry>& all() const { return all_; }

 private:
  std::vector<Entry> all_;
};

}  // namespace dw
