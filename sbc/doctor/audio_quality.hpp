#pragma once
#include <optional>
#include <string_view>

#include "sbc/base/media_broker.hpp"
#include "sbc/doctor/state.hpp"

namespace dw::doctor {

/// How one direction of a call sounds, as far as the packets that this box got show: texts, colours and findings use
/// it.
struct AudioQuality {
  State state = State::not_known;
  std::string_view words = "nothing arrived";
  std::optional<double> rating, mos;  ///< E-model; nothing: no audio came, or the codec is not in its table
};

inline constexpr double kGoodRating = 80;  ///< ITU-T G.109: below, some people are not satisfied
inline constexpr double kFairRating = 60;  ///< below, nearly all are not

/// By loss only: of a call, or of two seconds of it.
AudioQuality quality_of(std::string_view codec, double loss_percent, std::optional<Duration> jitter);
/// Of a direction of a running call: missing audio, and audio that could not be sent on, count too.
AudioQuality quality_of(std::string_view codec, const MediaFlow& flow);

}  // namespace dw::doctor
