#pragma once
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <thread>
#include <type_traits>

#include "nat/core/media/prefetch.hpp"

namespace dw::nat {

/// A value that one thread writes and another reads as a whole, without a lock; the writer never waits. A sequence lock
/// over atomic words, so that it is no data race in C++ terms either.
template <class T>
requires std::is_trivially_copyable_v<T>
class Published {
 public:
  Published() { write(T{}); }
  void write(const T& value) {
    Words words{};
    std::memcpy(words.data(), &value, sizeof value);
    const std::uint32_t version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < words.size(); ++i)
      words_[i].store(words[i], std::memory_order_release);
    version_.store(version + 2, std::memory_order_release);
  }
  void prefetch() const { nat::prefetch(this, this + 1); }
  T read() const {
    Words words;
    for (;; std::this_thread::yield()) {
      const std::uint32_t version = version_.load(std::memory_order_acquire);
      if (version % 2 != 0) continue;
      for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = words_[i].load(std::memory_order_acquire);
      if (version_.load(std::memory_order_relaxed) == version) break;
    }
    std::array<std::uint8_t, sizeof(T)> octets;
    std::memcpy(octets.data(), words.data(), octets.size());
    return std::bit_cast<T>(octets);
  }

 private:
  using Words = std::array<std::uint64_t, (sizeof(T) + 7) / 8>;
  std::atomic<std::uint32_t> version_ = 0;
  std::array<std::atomic<std::uint64_t>, std::tuple_size_v<Words>> words_{};
};

}  // namespace dw::nat
