#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/base/media_broker.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat {

/// The latest packets that had no destination yet, of all streams of one media thread, so that the first words reach a
/// phone that has not latched. One ring of fixed size: the packets of a stream that never latches are overwritten.
class HoldRing {
 public:
  static constexpr std::size_t kSlots = 512;
  static constexpr std::size_t kSlotOctets = 768;  ///< 20 ms of the widest codec (256 kbit/s) with SRTP
  static constexpr std::size_t kPerStream = 5;     ///< released at most: 100 ms, what a jitter buffer takes
  static constexpr Duration kKeep = std::chrono::milliseconds(200);  ///< older audio is useless

  HoldRing();

  /// False: the packet is longer than kSlotOctets and is not kept.
  bool hold(MediaId id, TimePoint now, Bytes packet);

  /// Calls `send(Bytes)` for each packet of the stream, oldest first, and drops them from the ring.
  template <class Send>
  void release(MediaId id, TimePoint now, Send&& send) {
    std::array<std::size_t, kPerStream> found{};
    std::size_t count = 0;
    for (std::size_t back = 1; back <= kSlots && count < kPerStream; ++back) {
      const std::size_t at = (next_ + kSlots - back) % kSlots;
      if (slots_[at].id == MediaId::none || now - slots_[at].at > kKeep) break;  // older ones are older still
      if (slots_[at].id == id) found[count++] = at;
    }
    while (count > 0) {
      Slot& slot = slots_[found[--count]];
      slot.id = kGiven;
      send(Bytes(octets_).subspan(found[count] * kSlotOctets, slot.octets));
    }
  }

 private:
  /// Marks a released slot; slots of other streams may still wait around it.
  static constexpr auto kGiven = static_cast<MediaId>(~std::uint64_t{0});
  struct Slot {
    MediaId id = MediaId::none;
    TimePoint at{};
    std::size_t octets = 0;
  };
  std::vector<Slot> slots_;
  std::vector<std::uint8_t> octets_;
  std::size_t next_ = 0;
};

}  // namespace dw::nat
