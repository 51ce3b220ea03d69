#pragma once
#include <string>

namespace dw {

/// Words on what is being done, on a terminal only: the latest stands in one line on stderr and goes when it
/// is over.
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
