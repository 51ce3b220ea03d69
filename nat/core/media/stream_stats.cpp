#include "nat/core/media/stream_stats.hpp"

#include <algorithm>
#include <utility>

namespace dw::nat {
namespace {

using FormatKind = MediaFormat::Kind;

std::uint64_t nanoseconds_of(TimePoint at) {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(at.time_since_epoch()).count());
}

/// RFC 3551 §6, tables 4 and 5. G.722 has the clock of 8,000 Hz, though it samples twice as fast (§4.5.2).
// clang-format off
constexpr MediaFormat kFixedFormats[] = {
    {0, 8'000},   {3, 8'000},   {4, 8'000},   {5, 8'000},   {6, 16'000},  {7, 8'000},   {8, 8'000},
    {9, 8'000},   {10, 44'100}, {11, 44'100}, {12, 8'000},  {14, 90'000}, {15, 8'000},  {16, 11'025},
    {17, 22'050}, {18, 8'000},  {25, 90'000}, {26, 90'000}, {28, 90'000}, {31, 90'000}, {32, 90'000},
    {33, 90'000}, {34, 90'000}, {13, 8'000, FormatKind::comfort_noise},   {19, 8'000, FormatKind::comfort_noise},
};
// clang-format on

}  // namespace

MediaFormat format_of(std::uint8_t payload_type, const MediaFormats* formats) {
  if (formats) {
    const auto named = std::ranges::find(*formats, payload_type, &MediaFormat::payload_type);
    if (named != formats->end()) return *named;
  }
  const auto* const fixed = std::ranges::find(kFixedFormats, payload_type, &MediaFormat::payload_type);
  return fixed != std::ranges::end(kFixedFormats) ? *fixed : MediaFormat{payload_type, 0, FormatKind::media};
}

StreamStats::StreamStats() {
  set_format(0);
}

void StreamStats::set_format(std::uint8_t payload_type) {
  static_assert(DW_RTP_MEDIA == static_cast<int>(FormatKind::media) &&
                DW_RTP_EVENT == static_cast<int>(FormatKind::event) &&
                DW_RTP_COMFORT_NOISE == static_cast<int>(FormatKind::comfort_noise) &&
                DW_RTP_NSE == static_cast<int>(FormatKind::nse));
  format_ = format_of(payload_type, formats_.get());
  format_.payload_type = payload_type;
  const dw_rtp_format format{format_.clock_rate, payload_type, static_cast<std::uint8_t>(format_.kind), {}};
  dw_rtp_set_format(&count_, &format);
}

void StreamStats::set_formats(std::shared_ptr<const MediaFormats> formats) {
  formats_ = std::move(formats);
  set_format(payload_type());
}

MediaFormats StreamStats::expected_formats(std::size_t most) const {
  constexpr std::uint8_t kComfortNoise = 13;
  MediaFormats out{format_};
  const auto add = [&](const MediaFormat& format) {
    if (out.size() < most && std::ranges::find(out, format.payload_type, &MediaFormat::payload_type) == out.end())
      out.push_back(format);
  };
  if (formats_) std::ranges::for_each(*formats_, add);
  add(format_of(kComfortNoise, formats_.get()));
  return out;
}

void StreamStats::resume(const dw_rtp_count& count) {
  const bool other = count.format.payload_type != payload_type();
  count_ = count;
  if (other) format_ = format_of(count.format.payload_type, formats_.get());
}

void StreamStats::on_packet(TimePoint now, const RtpHeader& header, std::size_t octets) {
  if (header.payload_type != payload_type()) set_format(header.payload_type);
  const dw_rtp_packet packet{header.timestamp, header.ssrc, header.sequence, header.payload};
  dw_rtp_count_packet(&count_, &packet, octets, nanoseconds_of(now));
}

void StreamStats::on_opaque(TimePoint now, std::size_t octets) {
  if (count_.packets++ == 0) count_.first = nanoseconds_of(now);
  count_.last = count_.alive = nanoseconds_of(now);
  count_.was_alive = 1;
  count_.octets += octets;
  ++count_.audio;
  ++count_.apart;
  count_.is_audio = 1;
  count_.have_mark = 0;  // RTP after it has waited
}

std::uint64_t StreamStats::lost() const {
  const std::uint64_t wanted = count_.expected_before + dw_rtp_expected(&count_);
  const std::uint64_t received = count_.packets - count_.apart + overflow_;
  return wanted > received ? wanted - received : 0;
}

std::optional<Duration> StreamStats::jitter() const {
  if (count_.measured == 0) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(count_.jitter >> 4));
}

}  // namespace dw::nat
