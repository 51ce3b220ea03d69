#pragma once
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "sbc/doctor/finding.hpp"

namespace dw::doctor {

/// The state of something, each worse than the one before. A summary is never better than its worst part (worst()), and
/// what was not tried is not known, however likely.
enum class State : std::uint8_t { ok, not_known, trouble, failed };

constexpr std::string_view to_string(State state) {
  switch (state) {
    case State::ok:
      return "ok";
    case State::not_known:
      return "not_known";
    case State::trouble:
      return "trouble";
    case State::failed:
      return "failed";
  }
  return "not_known";
}

constexpr State worst(State a, State b) {
  return std::max(a, b);
}
/// The state of something that has a finding of this severity.
constexpr State state_of(Severity severity) {
  return severity == Severity::error ? State::failed : severity == Severity::warning ? State::trouble : State::ok;
}

}  // namespace dw::doctor
