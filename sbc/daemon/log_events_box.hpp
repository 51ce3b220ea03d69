#pragma once
#include <array>

#include "sbc/daemon/log_event.hpp"

// The service itself: start, settings, what it keeps on disk, end.
namespace dw::log_catalogue {

inline constexpr auto kBoxEvents = std::to_array<Event>({
    {"accept_failed", "warn", "reason",
     "The system refused to accept a TCP connection, most often because too many files are open. Connections wait and "
     "are tried again. If it goes on, raise LimitNOFILE of the unit."},
    {"clock_set", "info", "by now",
     "The clock of this machine was set while Dropwire ran: by how much, and what it shows now. Times in the phones' "
     "stories from before may not fit. If it comes often, look at the time service of this machine."},
    {"config_problem", "warn", "",
     "The settings have a mistake, or name something that is likely wrong. The line says the file, the place and "
     "what is wrong. \"dropwire check\" shows the same, with a hint."},
    {"control_socket_failed", "warn", "reason",
     "The control socket (admin.socket) could not be opened. Phones are served, but commands such as \"dropwire "
     "status\" can't reach this daemon. Look at the reason: a directory that is missing, or its permissions."},
    {"database_moved", "warn", "path to reason",
     "A database was damaged or was written by a newer version. It was renamed to the name in \"to\", and an empty one was "
     "begun. If the disk may be failing, check it; otherwise nothing is to be done."},
    {"digest_failed", "critical", "",
     "OpenSSL offers no SHA-256, and Dropwire can't run without it. Check the OpenSSL configuration of this machine."},
    {"drain_timeout", "warn", "reason",
     "Dropwire waited for running transfers and calls to end, and drain.timeout has passed. What still ran was cut."},
    {"draining", "info", "transfers phones_in_calls",
     "Dropwire was asked to stop. It accepts nothing new, and waits for these transfers and calls to end, for "
     "drain.timeout at most."},
    {"handles_left", "error", "count",
     "A bug in Dropwire: handles were still open when their event loop ended. They were closed. Please report it."},
    {"http_client_failed", "critical", "",
     "libcurl could not be set up, most often for want of memory. Files can't be fetched by HTTP."},
    {"key_not_kept", "warn", "file",
     "A random key could not be written to the state directory. It is used until the service ends, and the next start "
     "makes another one; the line says what that means. Check the permissions of state.dir and the space on its disk."},
    {"listening", "info", "service address",
     "A service accepts requests at this address: at the start, and when a reload or a claim opened another one."},
    {"loop_failed", "critical", "reason",
     "The event loop could not be made, and Dropwire can't run. The reason is the system's: most often a limit of open "
     "files or of memory."},
    {"needs_restart", "warn", "setting",
     "The settings were read again, but this one only changes with a restart. Until then the old value is in force: "
     "systemctl restart dropwire."},
    {"not_configured", "warn", "", "No central server is set, so phones get nothing. The line says what to do."},
    {"not_listening", "error", "reason",
     "A reload failed, and the listeners from before could not be opened again either. Phones can't reach this box: "
     "solve what the reason says, and restart the service."},
    {"poll_failed", "error", "descriptor reason",
     "The system refused to watch a descriptor. What depends on it does not work; restart the service, and report it if it "
     "comes again."},
    {"ready", "info", "mode version origins",
     "The start is over and all services listen. \"origins\" is how many file servers are configured."},
    {"records_off", "warn", "dir reason",
     "The store of call records could not be opened. Records are kept in memory only, and are lost with a restart. Check "
     "the directory and its disk."},
    {"records_unwritten", "warn", "reason",
     "Records of calls could not be written to disk. Check the space and the permissions of state.dir."},
    {"reload_refused", "error", "problems",
     "The settings were read again and have mistakes, so the old ones stay in force. \"dropwire check\" shows them."},
    {"reloaded", "info", "files",
     "The settings were read again and are in force; \"files\" is how many files they came from."},
    {"restarting", "info", "",
     "The operator had the service restarted on the status page. Calls and transfers end first."},
    {"signal_failed", "error", "signal reason",
     "A handler for this signal could not be set up. Stopping (SIGTERM) or reloading (SIGHUP) may not work."},
    {"state_off", "warn", "dir reason",
     "The state directory can't be used. Stories of phones, and who is admitted, are kept in memory only and are lost "
     "with a restart. Check state.dir, its permissions and its disk."},
    {"state_open", "info", "dir phones",
     "The stories of the phones were read from the state directory; \"phones\" is how many there are."},
    {"state_unwritten", "warn", "reason",
     "Stories of phones could not be written to disk. It is tried again after the time in the line. Check the space and the "
     "permissions of state.dir."},
    {"state_written", "info", "", "Stories of phones are on disk again, after event=state_unwritten."},
    {"stop_now", "warn", "reason",
     "Dropwire was asked to stop a second time, so it did not wait. Transfers and calls that still ran were cut."},
    {"stopped", "info", "", "The service has ended as it was asked to."},
});

}  // namespace dw::log_catalogue
