#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

namespace dw::nat {

/// A bounded FIFO of commands from one thread to one other. A full queue makes the sender wait: a lost command would be
/// a stream that never ends.
template <class T, std::size_t kCapacity>
class CommandQueue {
 public:
  void push(const T& command) {
    const std::uint32_t at = written_.load(std::memory_order_relaxed);
    for (;;) {
      const std::uint32_t taken = taken_.load(std::memory_order_acquire);
      if (at - taken < kCapacity) break;
      taken_.wait(taken, std::memory_order_acquire);
    }
    slots_[at % kCapacity] = command;
    written_.store(at + 1, std::memory_order_release);
  }

  std::optional<T> pop() {
    const std::uint32_t at = taken_.load(std::memory_order_relaxed);
    if (at == written_.load(std::memory_order_acquire)) return std::nullopt;
    std::optional<T> command = slots_[at % kCapacity];
    taken_.store(at + 1, std::memory_order_release);
    taken_.notify_one();
    return command;
  }

 private:
  static_assert((kCapacity & (kCapacity - 1)) == 0, "the counters wrap");
  std::array<T, kCapacity> slots_{};
  std::atomic<std::uint32_t> written_ = 0, taken_ = 0;
};

}  // namespace dw::nat
