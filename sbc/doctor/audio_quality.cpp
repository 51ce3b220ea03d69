#include "sbc/doctor/audio_quality.hpp"

#include <algorithm>

#include "sbc/doctor/e_model.hpp"

namespace dw::doctor {
namespace {

constexpr double kPacket = 20;      // ms of audio in a packet, which a phone completes before it sends it
constexpr double kMaxBuffer = 150;  // ms: no phone waits longer for a late packet

/// What this box can know of the delay: the length of a packet, and what the listener's jitter buffer adds. The delay
/// of the network is not in it.
double known_delay(std::optional<Duration> jitter) {
  const double ms = jitter ? std::chrono::duration<double, std::milli>(*jitter).count() : 0;
  return kPacket + std::min(2 * ms, kMaxBuffer);
}

State state_of(double rating) {
  return rating >= kGoodRating ? State::ok : rating >= kFairRating ? State::trouble : State::failed;
}

std::string_view words_of(State state) {
  return state == State::ok        ? "sounds good"
         : state == State::trouble ? "has gaps that people hear"
                                   : "hard to understand";
}

}  // namespace

AudioQuality quality_of(std::string_view codec, double loss_percent, std::optional<Duration> jitter) {
  const auto known = e_model::codec(codec);
  // Other codecs have no score; loss is taken to be as bad for them as for G.711.
  const double rating = e_model::rating(known.value_or(*e_model::codec("PCMU")), loss_percent, known_delay(jitter));
  AudioQuality out{state_of(rating), words_of(state_of(rating)), {}, {}};
  if (known) {
    out.rating = rating;
    out.mos = e_model::mos(rating);
  }
  return out;
}

AudioQuality quality_of(std::string_view codec, const MediaFlow& flow) {
  const auto loss = flow.loss_percent();
  if (flow.packets == 0) return {};
  if (flow.delivered == 0 || flow.undelivered >= kUndelivered)
    return {State::failed, "does not reach the other side", {}, {}};
  if (!loss) return {State::not_known, "no audio yet", {}, {}};
  return quality_of(codec, *loss, flow.jitter);
}

}  // namespace dw::doctor
