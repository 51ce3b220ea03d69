#pragma once
#include <string>

namespace dw::net {

/// A secret of 64 hex digits, kept in a file (mode 0600) in `directory` across restarts; created when there is none. If
/// it can't be written, it is valid until the process ends, and `unkept`, the sentence that says what follows from
/// that, is logged.
std::string kept_key(const std::string& directory, const std::string& file, const std::string& unkept);

}  // namespace dw::net
