#pragma once
#include <string>

#include "sbc/base/result.hpp"
#include "sbc/net/descriptor.hpp"

namespace dw {

/// Locks a state directory for this process: two daemons that write the same stories and registrations would overwrite
/// each other's. The kernel releases the lock when the process ends.
class StateLock {
 public:
  /// Errc::forbidden: another process has it; the sentence says what to do. If the directory or the file can't be
  /// created, nothing is kept there either, and the daemon runs without.
  static Result<StateLock> take(const std::string& directory);
  StateLock() = default;
  bool held() const { return static_cast<bool>(file_); }

 private:
  net::Descriptor file_;
};

}  // namespace dw
