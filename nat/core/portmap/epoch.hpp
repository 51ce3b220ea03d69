#pragma once
#include <cstdint>
#include <optional>

#include "sbc/base/time.hpp"

namespace dw::nat::portmap {

/// Watches the seconds that a router says it has kept its mappings for: a count that falls behind our own clock means
/// that it restarted and lost them.
class Epoch {
 public:
  /// RFC 6887 §8.5: true when the router has lost its state since the last answer, or another one answers.
  bool lost_by_pcp(TimePoint now, std::uint32_t epoch);
  /// RFC 6886 §3.6: the same by NAT-PMP's rule, which lets the router's clock be slow alone.
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
