#pragma once
#include <cstdint>
#include <optional>

#include "sbc/base/time.hpp"

namespace dw::phones {

/// What ended calls heard of the central side, since the start.
struct AudioHeard {
  std::uint64_t calls = 0;   ///< that heard it
  std::uint64_t silent = 0;  ///< that did not, though both ways were open and the phone spoke
  bool last_silent = false;  ///< the last of all these
  std::optional<WallTime> silent_at;
};

}  // namespace dw::phones
