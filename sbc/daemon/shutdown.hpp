#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "conf/load.hpp"
#include "sbc/admin/outcome.hpp"
#include "sbc/daemon/fronts.hpp"
#include "sbc/net/loop.hpp"
#include "sbc/net/timer.hpp"

namespace dw {

/// Ends the daemon: the servers take nothing new; when transfers and calls are over, the loop is stopped. The service
/// manager is kept informed. On the loop's thread; what it is given outlives it.
class Shutdown {
 public:
  /// Called when all calls are over; it calls `done`, now or later.
  using Last = std::function<void(std::function<void()> done)>;
  Shutdown(net::Loop& loop, Fronts& fronts, const conf::Loaded& loaded, Last last)
      : loop_(loop), fronts_(fronts), loaded_(loaded), last_(std::move(last)) {}

  /// A second call ends everything at once.
  void begin();
  /// Ends, so that the service manager starts it again.
  admin::Outcome restart();
  bool has_begun() const { return began_.has_value(); }
  bool is_restart() const { return restart_timer_ != nullptr; }

 private:
  void check();
  void report();

  net::Loop& loop_;
  Fronts& fronts_;
  const conf::Loaded& loaded_;
  Last last_;
  std::optional<TimePoint> began_;
  TimePoint reported_{};
  std::unique_ptr<net::Timer> timer_, restart_timer_;
};

}  // namespace dw
