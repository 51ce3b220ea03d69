#pragma once

namespace dw {

/// Runs the command line and returns the exit status. 0: done; 1: done, and the answer is "no" (no such phone, no
/// such file, findings, settings refused); 2: it could not be done (usage, unreadable file, daemon not
/// running).
int run_command_line(int argc, char** argv);

}  // namespace dw
