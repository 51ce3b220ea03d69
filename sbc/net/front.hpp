#pragma once
#include <cstddef>
#include <vector>

#include "sbc/base/metrics.hpp"
#include "sbc/base/result.hpp"
#include "sbc/base/wire_tap.hpp"
#include "sbc/net/access_gate.hpp"

namespace dw::net {

/// A server that phones come to: TFTP, HTTP, SCCP or SIP. Here is what the daemon does with all four alike. How one is
/// started, its options, and what it alone can do are in its own class. On the loop's thread.
class Front {
 public:
  Front() = default;
  virtual ~Front() = default;
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  /// Listens on these addresses too, on the same port: on all, or on none of them.
  virtual Result<void> listen_also(const std::vector<IpAddress>& addresses) = 0;
  /// Gives up all listeners but the first `count`, in the order of local().
  virtual void keep_listeners(std::size_t count) = 0;
  virtual std::vector<Endpoint> local() const = 0;

  /// Takes nothing new; what runs goes on.
  virtual void drain() = 0;
  /// What runs, as a person counts it: files on their way, or phones in calls.
  virtual std::size_t running() const = 0;
  /// Nothing is left that an end would cut.
  virtual bool is_idle() const { return running() == 0; }
  virtual void append_metrics(MetricsText& out) const = 0;

  /// Who hears of what passes. It outlives this.
  void set_tap(const WireTap& tap) { tap_ = &tap; }
  /// Who may ask; SIP's central side always may. It outlives this.
  void set_gate(AccessGate& gate) { gate_ = &gate; }

 protected:
  const WireTap* tap_ = &WireTap::nobody();
  AccessGate* gate_ = &AccessGate::everybody();
};

}  // namespace dw::net
