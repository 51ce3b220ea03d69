#pragma once
#include <string>

#include "sbc/base/result.hpp"
#include "sbc/net/descriptor.hpp"

namespace dw {

/// Holds a state directory for this process: two daemons that write the same stories and registrations would each undo
/// what the other did. The lock goes with the process, however that ends.
class StateLock {
 public:
  /// Errc::forbidden: another process has it; the sentence says what to do. Where no directory can be made or no file
  /// opened nothing is kept there either, and that is no reason not to run.
  static Result<StateLock> take(const std::string& directory);
  StateLock() = default;
  bool held() const { return static_cast<bool>(file_); }

 private:
  net::Descriptor file_;
};

}  // namespace dw
