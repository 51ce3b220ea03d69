#pragma once
#include "conf/load.hpp"

namespace dw {

/// Runs Dropwire in the foreground until SIGTERM or SIGINT; gives the exit status. `request` is kept, so that
/// SIGHUP and `dropwire reload` can read the settings again. Settings that can't be used: one line each on
/// stderr, 2.
int run_daemon(const conf::LoadRequest& request);

}  // namespace dw
