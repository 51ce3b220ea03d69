#pragma once
#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace dw {

/// Ends a fuzzer's run, and says where, when what has to hold for every input does not.
inline void require(bool holds, std::source_location at = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: does not hold\n", at.file_name(), at.line());
  std::abort();
}

}  // namespace dw
