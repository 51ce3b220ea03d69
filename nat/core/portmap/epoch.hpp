#pragma once
#include <cstdint>
#include <optional>

#include "sbc/base/time.hpp"

namespace dw::nat::portmap {

/// Detects that a router has restarted and lost its mappings: the router's count of seconds since it has had its state
/// falls behind our own clock.
class Epoch {
 public:
  /// RFC 6887 §8.5. True: the router has lost its state since the last answer, or another router answers.
  bool lost_by_pcp(TimePoint now, std::uint32_t epoch);
  /// RFC 6886 §3.6: the same for NAT-PMP, where only a router's slow clock is tolerated.
  bool lost_by_nat_pmp(TimePoint now, std::uint32_t epoch);
  void forget() { last_.reset(); }

 private:
  struct Seen {
    TimePoint at;
    std::uint32_t epoch;
  };
  std::optional<Seen> last_;
};

}  // namespace dw::nat::portmap
