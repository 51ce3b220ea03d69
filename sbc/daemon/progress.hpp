#pragma once
#include <string>

namespace dw {

/// Progress messages, on a terminal only: the latest one is a line on stderr, which is cleared at the
/// end.
class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void say(const std::string& words);

 private:
  bool terminal_;
};

}  // namespace dw
