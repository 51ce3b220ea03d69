#pragma once
#include <optional>

#include "nat/core/media/latch.hpp"

namespace dw::nat {

/// One of the phone's two ports: where its packets come from, and where it says that it receives. The stated endpoint
/// is used until the phone is heard, and from each change of it until the phone is heard again. It is always used for a
/// phone that no router hides (`stated_first`), as that one need not send from the port where it receives.
struct PhoneEnd {
  /// Packets from the old port may still be on their way for this long after a change.
  static constexpr Duration kUnderWay = std::chrono::seconds(1);
  Latch latch;

  /// Nothing: what the phone states can't be used.
  void state(TimePoint now, const std::optional<Endpoint>& stated) {
    if (stated == stated_) return;
    newer_ = stated.has_value();
    stated_ = stated;
    stated_at_ = now;
  }
  /// The latch accepted a packet; `moved`: from a new place.
  void heard(TimePoint now, bool moved) {
    if (newer_ && (moved || now - stated_at_ > kUnderWay)) newer_ = false;
  }
  /// The next packet heard does not change where packets are sent.
  bool is_settled() const { return !newer_; }
  const std::optional<Endpoint>& to(bool stated_first) const {
    return stated_ && (stated_first || newer_ || !latch.far_end()) ? stated_ : latch.far_end();
  }

 private:
  std::optional<Endpoint> stated_;
  TimePoint stated_at_{};
  bool newer_ = false;  ///< the stated endpoint changed after the latch heard the phone
};

}  // namespace dw::nat
