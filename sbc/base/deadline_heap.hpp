#pragma once
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "sbc/base/time.hpp"

namespace dw {

/// Finds which of many things is due next: one heap instead of a timer each. Things are small dense numbers (slots);
/// each has at most one deadline. `set`, `clear` and `pop_due` cost O(log n); `set` also moves a deadline.
class DeadlineHeap {
 public:
  void set(std::size_t slot, TimePoint when) {
    if (slot >= where_.size()) where_.resize(slot + 1, kAbsent);
    std::size_t at = where_[slot];
    if (at == kAbsent) {
      at = heap_.size();
      heap_.push_back({when, slot});
      where_[slot] = at;
    } else {
      heap_[at].when = when;
    }
    sink(rise(at));
  }
  void clear(std::size_t slot) {
    if (slot >= where_.size() || where_[slot] == kAbsent) return;
    const std::size_t at = where_[slot];
    where_[slot] = kAbsent;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (at == heap_.size()) return;
    heap_[at] = last;
    where_[last.slot] = at;
    sink(rise(at));
  }
  std::optional<TimePoint> next() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().when;
  }
  /// Removes and returns a slot whose deadline has passed. Call it until it returns nothing.
  std::optional<std::size_t> pop_due(TimePoint now) {
    if (heap_.empty() || heap_.front().when > now) return std::nullopt;
    const std::size_t slot = heap_.front().slot;
    clear(slot);
    return slot;
  }
  std::size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    TimePoint when;
    std::size_t slot;
  };
  static constexpr std::size_t kAbsent = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t kArity = 4;

  void place(std::size_t at, Entry e) {
    heap_[at] = e;
    where_[e.slot] = at;
  }
  std::size_t rise(std::size_t at) {
    const Entry e = heap_[at];
    while (at > 0) {
      const std::size_t parent = (at - 1) / kArity;
      if (heap_[parent].when <= e.when) break;
      place(at, heap_[parent]);
      at = parent;
    }
    place(at, e);
    return at;
  }
  void sink(std::size_t at) {
    const Entry e = heap_[at];
    for (;;) {
      const std::size_t first = at * kArity + 1;
      if (first >= heap_.size()) break;
      std::size_t least = first;
      for (std::size_t c = first + 1; c < first + kArity && c < heap_.size(); ++c) {
        if (heap_[c].when < heap_[least].when) least = c;
      }
      if (e.when <= heap_[least].when) break;
      place(at, heap_[least]);
      at = least;
    }
    place(at, e);
  }

  std::vector<Entry> heap_;
  std::vector<std::size_t> where_;
};

}  // namespace dw
