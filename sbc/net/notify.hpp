#pragma once
#include <string_view>

namespace dw::net {

/// Tells systemd (sd_notify protocol over $NOTIFY_SOCKET); does nothing when not started by it.
/// `state` as in sd_notify(3): "READY=1", "STOPPING=1", "STATUS=…", "WATCHDOG=1",
/// "RELOADING=1\nMONOTONIC_USEC=…".
void notify_systemd(std::string_view state);
/// Half of $WATCHDOG_USEC in microseconds when the watchdog is asked of this process, else 0.
unsigned long long watchdog_interval_us();

}  // namespace dw::net
