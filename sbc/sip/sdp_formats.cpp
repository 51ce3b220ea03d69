#include "sbc/sip/sdp_formats.hpp"

#include "sbc/base/text_cursor.hpp"

namespace dw::sip {
namespace {

constexpr std::string_view kRtpMap = "a=rtpmap:";

MediaFormat::Kind encoding_kind(std::string_view encoding) {
  using Kind = MediaFormat::Kind;
  if (equal_ignoring_case(encoding, "telephone-event")) return Kind::event;
  if (equal_ignoring_case(encoding, "CN")) return Kind::comfort_noise;
  if (equal_ignoring_case(encoding, "X-NSE")) return Kind::nse;
  return Kind::media;
}

}  // namespace

std::array<MediaFormats, kMaxSdpMedia> sdp_formats(std::string_view body) {
  constexpr std::uint64_t kMaxPayloadType = 127, kMaxClock = 1'000'000;
  std::array<MediaFormats, kMaxSdpMedia> formats;
  std::size_t lines = 0;
  TextCursor cursor(body);
  while (!cursor.at_end()) {
    const std::string_view line = cursor.take_line();
    if (line.starts_with("m=") && ++lines > kMaxSdpMedia) break;
    if (lines == 0 || !line.starts_with(kRtpMap)) continue;
    TextCursor map(line.substr(kRtpMap.size()));
    map.skip_blanks();
    const auto type = map.take_number(kMaxPayloadType);
    map.skip_blanks();
    const std::string_view encoding = map.take_until("/");
    map.skip_char('/');
    const auto clock = map.take_number(kMaxClock);
    MediaFormats& of_line = formats[lines - 1];
    if (type && clock && of_line.size() < kMaxMediaFormats)
      of_line.push_back({static_cast<std::uint8_t>(*type), static_cast<std::uint32_t>(*clock), encoding_kind(encoding)});
  }
  return formats;
}

}  // namespace dw::sip
