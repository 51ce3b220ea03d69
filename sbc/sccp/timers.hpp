#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

#include "sbc/base/time.hpp"

namespace dw::sccp {

/// What a session waits for, in the order in which it acts when several are due.
enum class Timer : std::uint8_t {
  first_frame,      ///< the phone says something
  phone_frame,      ///< the phone's frame is whole
  server_frame,     ///< the server's is
  registration,     ///< the phone registers, or asks for keepalives meanwhile
  register_answer,  ///< the server answers RegisterReq
  keepalives,       ///< see Liveness
  reset,            ///< when to look whether the phone may still be in a call
  token_answer,     ///< the server answers RegisterTokenReq
  media,            ///< see MediaLegs
};
inline constexpr std::size_t kTimers = static_cast<std::size_t>(Timer::media) + 1;

/// When each of a session's timers is due: the one list from which both the next deadline and what is due at it are
/// read.
class Timers {
 public:
  Timers() { at_.fill(TimePoint::max()); }

  void set(Timer timer, TimePoint when) { at_[index(timer)] = when; }  ///< TimePoint::max(): stops it
  void stop(Timer timer) { set(timer, TimePoint::max()); }
  bool runs(Timer timer) const { return at_[index(timer)] != TimePoint::max(); }
  bool due(Timer timer, TimePoint now) const { return at_[index(timer)] <= now; }
  TimePoint next() const { return *std::ranges::min_element(at_); }  ///< TimePoint::max(): none runs

 private:
  static std::size_t index(Timer timer) { return static_cast<std::size_t>(timer); }
  std::array<TimePoint, kTimers> at_{};
};

}  // namespace dw::sccp
