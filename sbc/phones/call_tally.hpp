#pragma once
#include <cstdint>

#include "sbc/phones/audio_heard.hpp"
#include "sbc/phones/phone.hpp"

namespace dw::phones {

/// What calls that ended come to, since the start.
class CallTally {
 public:
  struct Totals {
    std::uint64_t calls = 0;
    std::uint64_t one_way = 0;  ///< one side was silent, or both, while both ways were open (CallFigures::silent)
    std::uint64_t from_phone = 0, lost_from_phone = 0;  ///< packets of RTP
    std::uint64_t from_central = 0, lost_from_central = 0;
  };
  /// Says in `call` whether the box itself is deaf.
  void add(CallFigures& call, WallTime ended);
  const Totals& totals() const { return totals_; }
  const AudioHeard& heard() const { return heard_; }
  /// From now on calls that hear nothing of the central side are the box's own trouble, and no phone's.
  void set_behind_router(bool behind) { behind_router_ = behind; }

 private:
  Totals totals_;
  AudioHeard heard_;
  bool behind_router_ = false;
};

}  // namespace dw::phones
