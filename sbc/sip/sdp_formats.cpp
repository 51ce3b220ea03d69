#include "sbc/sip/sdp_formats.hpp"

#include "sbc/base/text_cursor.hpp"

namespace dw::sip {
namespace {

MediaFormat::Kind encoding_kind(std::string_view encoding) {
  using Kind = MediaFormat::Kind;
  if (equal_ignoring_case(encoding, "telephone-event")) return Kind::event;
  if (equal_ignoring_case(encoding, "CN")) return Kind::comfort_noise;
  if (equal_ignoring_case(encoding, "X-NSE")) return Kind::nse;
  return Kind::media;
}

}  // namespace

std::array<MediaFormats, kMaxSdpMedia> sdp_formats(std::string_view body) {
  constexpr std::uint32_t kMaxClock = 1'000'000;
  static_assert(kMaxSdpPayloads <= kMaxMediaFormats);
  std::array<MediaFormats, kMaxSdpMedia> formats;
  const auto payloads = sdp_payloads(body);
  for (std::size_t line = 0; line < payloads.size(); ++line) {
    for (const SdpPayload& payload : payloads[line]) {
      if (payload.clock_rate == 0 || payload.clock_rate > kMaxClock) continue;
      formats[line].push_back({payload.type, payload.clock_rate, encoding_kind(payload.name)});
    }
  }
  return formats;
}

}  // namespace dw::sip
