#pragma once
#include <functional>
#include <string>

namespace dw::admin {

/// What became of something that a person asked for.
struct Outcome {
  unsigned status = 200;  ///< of HTTP; 200: done
  std::string said;       ///< a sentence
  bool done() const { return status == 200; }
};
using OnOutcome = std::function<void(Outcome)>;  ///< called once, at once or later

}  // namespace dw::admin
