#include "tftp-proxy/core/origin_health.hpp"

#include <algorithm>
#include <string_view>

namespace dw::provisioning {

std::string_view to_string(OriginHealth::State state) {
  switch (state) {
    case OriginHealth::State::up:
      return "up";
    case OriginHealth::State::down:
      return "down";
    case OriginHealth::State::probing:
      return "probing";
  }
  return "";
}

bool OriginHealth::try_ask(TimePoint now) {
  switch (state_) {
    case State::up:
      return true;
    case State::down:
      if (now < retry_at_) return false;
      break;
    case State::probing:
      if (now - probe_since_ < kProbeExpires) return false;
      break;
  }
  state_ = State::probing;
  probe_since_ = now;
  return true;
}

void OriginHealth::succeeded() {
  state_ = State::up;
  failures_ = 0;
  pauses_ = 0;
}

void OriginHealth::failed(TimePoint now, bool reached, std::string why) {
  last_error_ = std::move(why);
  ++failures_;
  // Requests that were on their way when it went down are no news.
  if (state_ == State::down) return;
  if (state_ == State::up && reached && failures_ < kBadAnswers) return;
  state_ = State::down;
  const Duration full = std::min(kLongestPause, kFirstPause * (1U << std::min(pauses_, 10U)));
  ++pauses_;
  const double share = 1.0 - 0.25 * next_random();
  retry_at_ = now + std::chrono::duration_cast<Duration>(full * share);
}

void OriginHealth::abandoned(TimePoint now) {
  if (state_ != State::probing) return;
  state_ = State::down;
  retry_at_ = now;
}

// splitmix64: enough to spread retries.
double OriginHealth::next_random() {
  random_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = random_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1.0p-53;
}

}  // namespace dw::provisioning
