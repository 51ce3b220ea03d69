#pragma once
#include <optional>

#include "nat/core/media/latch.hpp"

namespace dw::nat {

/// One of the phone's two ports: where its packets come from, and where it says that it receives. The second
/// counts while nothing came, from when the phone says another one until it is heard again, and always for
/// a phone that no router hides (`stated_first`): it need not send from where it receives.
struct PhoneEnd {
  /// What comes from the old port for so long may have been under way.
  static constexpr Duration kUnderWay = std::chrono::seconds(1);
  Latch latch;

  /// None: its own words are of no use here.
  void state(TimePoint now, const std::optional<Endpoint>& stated) {
    if (stated == stated_) return;
    newer_ = stated.has_value();
    stated_ = stated;
    stated_at_ = now;
  }
  /// The latch took a packet; `moved`: of a new place.
  void heard(TimePoint now, bool moved) {
    if (newer_ && (moved || now - stated_at_ > kUnderWay)) newer_ = false;
  }
  /// The next packet that is heard does not change where it is sent to.
  bool is_settled() const { return !newer_; }
  const std::optional<Endpoint>& to(bool stated_first) const {
    return stated_ && (stated_first || newer_ || !latch.far_end()) ? stated_ : latch.far_end();
  }

 private:
  std::optional<Endpoint> stated_;
  TimePoint stated_at_{};
  bool newer_ = false;  ///< than what the latch found
};

}  // namespace dw::nat
