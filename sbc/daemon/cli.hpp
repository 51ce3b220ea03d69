#pragma once

namespace dw {

/// The whole command line; gives the exit status. 0: done; 1: asked and the answer is "no" (no such phone, no
/// such file, findings, settings refused); 2: it could not be asked (usage, unreadable file, daemon not
/// running).
int run_command_line(int argc, char** argv);

}  // namespace dw
