#include "nat/core/media/hold_ring.hpp"

#include <algorithm>

namespace dw::nat {

HoldRing::HoldRing() : slots_(kSlots), octets_(kSlots * kSlotOctets) {}

bool HoldRing::hold(MediaId id, TimePoint now, Bytes packet) {
  if (packet.size() > kSlotOctets) return false;
  slots_[next_] = {id, now, packet.size()};
  std::ranges::copy(packet, octets_.begin() + static_cast<std::ptrdiff_t>(next_ * kSlotOctets));
  next_ = (next_ + 1) % kSlots;
  return true;
}

}  // namespace dw::nat
