#pragma once
#include <functional>
#include <string>

namespace dw::admin {

/// The result of something that a person asked for.
struct Outcome {
  unsigned status = 200;  ///< HTTP status; 200: done
  std::string said;       ///< a sentence
  bool done() const { return status == 200; }
};
using OnOutcome = std::function<void(Outcome)>;  ///< called once, now or later

}  // namespace dw::admin
