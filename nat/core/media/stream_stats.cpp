#include "nat/core/media/stream_stats.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace dw::nat {
namespace {

using FormatKind = MediaFormat::Kind;

constexpr double kNanosecondsPerSecond = 1e9;

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
    const auto told = std::ranges::find(*formats, payload_type, &MediaFormat::payload_type);
    if (told != formats->end()) return *told;
  }
  const auto* const fixed = std::ranges::find(kFixedFormats, payload_type, &MediaFormat::payload_type);
  return fixed != std::ranges::end(kFixedFormats) ? *fixed : MediaFormat{payload_type, 0, FormatKind::media};
}

void StreamStats::set_formats(std::shared_ptr<const MediaFormats> formats) {
  formats_ = std::move(formats);
  format_ = format_of(payload_type_, formats_.get());
  have_mark_ = false;
}

void StreamStats::restart(const RtpHeader& header) {
  expected_before_ += expected();
  started_ = true;
  have_mark_ = measured_ = false;
  ssrc_ = header.ssrc;
  base_ = highest_ = header.sequence;
  cycles_ = 0;
  jitter_ = 0;
}

void StreamStats::on_packet(TimePoint now, const RtpHeader& header, std::size_t octets) {
  if (packets_++ == 0) first_ = now;
  last_ = now;
  octets_ += octets;
  if (header.payload_type != payload_type_) {
    payload_type_ = header.payload_type;
    format_ = format_of(payload_type_, formats_.get());
    have_mark_ = false;  // its timestamps may stand for something else
  }
  is_audio_ = header.payload > 0 && format_.kind != FormatKind::comfort_noise;
  if (is_audio_) ++audio_;
  // A header once more without its payload keeps a mapping open, and stands for no packet of its own.
  if (header.payload == 0 && started_ && header.ssrc == ssrc_ && header.sequence == highest_) {
    ++apart_;
    return;
  }
  alive_ = now;
  if (place(header)) measure(now, header);
}

bool StreamStats::place(const RtpHeader& header) {
  if (!started_ || header.ssrc != ssrc_) {
    restart(header);
    return true;
  }
  const auto ahead = static_cast<std::uint16_t>(header.sequence - highest_);
  if (ahead != 0 && ahead < kMaxDropout) {
    if (header.sequence < highest_) cycles_ += 0x10000;
    highest_ = header.sequence;
    return true;
  }
  if (ahead == 0 || ahead > 0xffff - kMaxMisorder) {
    if (ahead != 0) ++reordered_;
    return false;
  }
  restart(header);
  return true;
}

void StreamStats::measure(TimePoint now, const RtpHeader& header) {
  if (format_.clock_rate == 0 || format_.kind != FormatKind::media) return;
  if (have_mark_ && header.timestamp == mark_timestamp_) return;
  if (have_mark_) {
    const auto step = static_cast<std::int32_t>(header.timestamp - mark_timestamp_);  // timestamps wrap
    const double meant = step * (kNanosecondsPerSecond / format_.clock_rate);
    const double took = std::chrono::duration<double, std::nano>(now - mark_).count();
    jitter_ += (std::abs(took - meant) - jitter_) / 16.0;
    measured_ = true;
  }
  mark_ = now;
  mark_timestamp_ = header.timestamp;
  have_mark_ = true;
}

void StreamStats::on_opaque(TimePoint now, std::size_t octets) {
  if (packets_++ == 0) first_ = now;
  last_ = now;
  octets_ += octets;
  alive_ = now;
  ++audio_;
  ++apart_;
  is_audio_ = true;
  have_mark_ = false;  // RTP that comes after it has waited
}

std::uint64_t StreamStats::lost() const {
  const std::uint64_t wanted = expected_before_ + expected();
  const std::uint64_t received = packets_ - apart_ + overflow_;
  return wanted > received ? wanted - received : 0;
}

std::optional<Duration> StreamStats::jitter() const {
  if (!measured_) return std::nullopt;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::nano>(jitter_));
}

}  // namespace dw::nat
