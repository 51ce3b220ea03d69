#pragma once
#include <cstdint>
#include <string>

#include "sbc/base/time.hpp"

namespace dw::provisioning {

/// Whether an origin is worth asking. One that can't be reached is down at once, one that answers badly (5xx,
/// broken off) after three in a row; then it is left alone for 1 s, 2 s, 4 s … 60 s, each shortened by up to
/// a quarter at random, so that many edges don't return in step. After each pause one request may try
/// (half-open); its end decides. "No such file" is a good answer. Pure: time comes in, nothing is called.
class OriginHealth {
 public:
  enum class State { up, down, probing };
  static constexpr Duration kFirstPause = std::chrono::seconds(1);
  static constexpr Duration kLongestPause = std::chrono::seconds(60);
  static constexpr unsigned kBadAnswers = 3;  ///< in a row, before it counts as down
  /// A probe that was never ended (its asker went away) no longer holds others back after this.
  static constexpr Duration kProbeExpires = std::chrono::seconds(30);

  explicit OriginHealth(std::uint64_t seed) : random_(seed) {}

  /// May one ask now? True takes the half-open slot when it was due: ask then, and report the outcome.
  bool try_ask(TimePoint now);
  void succeeded();
  /// `reached`: it answered, but badly. Not reached: refused, timed out, name not resolved.
  void failed(TimePoint now, bool reached, std::string why);
  /// The asker went away before an end: neither good nor bad.
  void abandoned(TimePoint now);

  State state() const { return state_; }
  /// Set while it is down: when it may be asked again.
  TimePoint retry_at() const { return retry_at_; }
  unsigned failures() const { return failures_; }  ///< in a row
  const std::string& last_error() const { return last_error_; }

 private:
  double next_random();

  State state_ = State::up;
  unsigned failures_ = 0;
  unsigned pauses_ = 0;
  TimePoint retry_at_{};
  TimePoint probe_since_{};
  std::string last_error_;
  std::uint64_t random_;
};

std::string_view to_string(OriginHealth::State state);

}  // namespace dw::provisioning
