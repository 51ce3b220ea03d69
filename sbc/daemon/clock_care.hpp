#pragma once
#include "sbc/base/clock_watch.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/phones/inventory.hpp"

namespace dw {

/// Checks every second whether the wall clock was set, and keeps the phones' stories in order if it went
/// back. On the loop's thread.
class ClockCare {
 public:
  /// The stories of an earlier run may already be later than now.
  ClockCare(net::Loop& loop, phones::Inventory& inventory);

 private:
  void look();

  net::Loop& loop_;
  phones::Inventory& inventory_;
  ClockWatch watch_;
  net::Timer timer_;
};

}  // namespace dw
