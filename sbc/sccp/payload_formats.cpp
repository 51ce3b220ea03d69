#include "sbc/sccp/payload_formats.hpp"

namespace dw::sccp {
namespace {

using FormatKind = MediaFormat::Kind;

constexpr std::uint8_t kFirstDynamic = 96, kLastDynamic = 127;  // RFC 3551 §6
constexpr std::uint8_t kNsePayloadType = 100;                   // Cisco's default
constexpr std::uint32_t kVoiceClock = 8'000;

/// Of codecs that RFC 3551 fixes no payload type for; 0: not known, or it has one.
std::uint32_t clock_rate_of(std::uint32_t compression_type) {
  switch (compression_type) {
    case 42:  // AMR
    case 82:  // iLBC
    case 86:
      return kVoiceClock;
    case 40:  // G.722.1
    case 41:
    case 43:  // AMR-WB
    case 85:  // iSAC
      return 16'000;
    case 90:  // Opus (RFC 7587 §4.1)
      return 48'000;
    default:
      return 0;
  }
}

}  // namespace

MediaFormats payload_formats(MediaKind kind, std::uint32_t compression_type, std::uint32_t rfc2833_type) {
  constexpr std::uint32_t kVideo = 90'000;
  const std::uint32_t clock = kind == MediaKind::video ? kVideo : clock_rate_of(compression_type);
  MediaFormats formats;
  if (kind == MediaKind::audio && rfc2833_type >= kFirstDynamic && rfc2833_type <= kLastDynamic)
    formats.push_back({static_cast<std::uint8_t>(rfc2833_type), kVoiceClock, FormatKind::event});
  if (clock == 0) {
    if (rfc2833_type != kNsePayloadType) formats.push_back({kNsePayloadType, kVoiceClock, FormatKind::nse});
    return formats;
  }
  for (std::uint32_t type = kFirstDynamic; type <= kLastDynamic; ++type) {
    if (kind == MediaKind::video || type != rfc2833_type)
      formats.push_back({static_cast<std::uint8_t>(type), clock, FormatKind::media});
  }
  return formats;
}

}  // namespace dw::sccp
