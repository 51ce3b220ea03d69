#pragma once
#include "sbc/base/clock_watch.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/phones/inventory.hpp"

namespace dw {

/// Looks every second whether the wall clock was set, and keeps the phones' stories in order when it went
/// back. On the loop's thread.
class ClockCare {
 public:
  /// What was kept of an earlier run may be later than now already.
  ClockCare(net::Loop& loop, phones::Inventory& inventory);

 private:
  void look();

  net::Loop& loop_;
  phones::Inventory& inventory_;
  ClockWatch watch_;
  net::Timer timer_;
};

}  // namespace dw
