#pragma once
#include <string_view>

namespace dw::net {

/// Sends `state` to systemd (sd_notify protocol over $NOTIFY_SOCKET), as in sd_notify(3): "READY=1", "STOPPING=1",
/// "STATUS=…", "WATCHDOG=1", "RELOADING=1\nMONOTONIC_USEC=…". Does nothing if systemd did not start the process.
void notify_systemd(std::string_view state);
/// Half of $WATCHDOG_USEC in microseconds if systemd's watchdog watches this process, else 0.
unsigned long long watchdog_interval_us();

}  // namespace dw::net
