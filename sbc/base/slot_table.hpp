#pragma once
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace dw {

/// Things that keep their address until they are removed. Each has a small number (its slot), which is used again
/// afterwards, as DeadlineHeap needs. T has a member `slot`.
template <class T>
class SlotTable {
 public:
  template <class... A>
  T& add(A&&... of) {
    if (free_.empty()) {
      free_.push_back(slots_.size());
      slots_.emplace_back();
    }
    const std::size_t slot = free_.back();
    free_.pop_back();
    slots_[slot] = std::make_unique<T>(std::forward<A>(of)...);
    slots_[slot]->slot = slot;
    return *slots_[slot];
  }
  void remove(std::size_t slot) {
    slots_[slot].reset();
    free_.push_back(slot);
  }
  T* at(std::size_t slot) const { return slot < slots_.size() ? slots_[slot].get() : nullptr; }
  std::size_t size() const { return slots_.size() - free_.size(); }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& thing : slots_) {
      if (thing) visit(*thing);
    }
  }

 private:
  std::vector<std::unique_ptr<T>> slots_;
  std::vector<std::size_t> free_;
};

}  // namespace dw
