#pragma once
#include <cstdint>

#include <memory>
#include <optional>

#include "nat/core/media/rtp.hpp"
#include "nat/core/media/rtp_count.h"
#include "sbc/base/media_broker.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat {

/// The format that RFC 3551 §6 assigns to this payload type, or else the one in `formats`.
MediaFormat format_of(std::uint8_t payload_type, const MediaFormats* formats);

/// Statistics of one direction of one stream: RFC 3550 §6.4.1 and A.1, A.3, A.8. A new SSRC starts new counters, which
/// are added to the old ones.
class StreamStats {
 public:
  StreamStats();
  void set_formats(std::shared_ptr<const MediaFormats> formats);

  void on_packet(TimePoint now, const RtpHeader& header, std::size_t octets);
  /// A packet that is not RTP: only packets and octets are counted.
  void on_opaque(TimePoint now, std::size_t octets);
  /// A packet already passed to on_packet() was not sent, as it waited here for too long.
  void on_late() { ++late_; }
  /// Packets that our socket dropped because it was full.
  void on_overflow(std::uint64_t packets) { overflow_ += packets; }

  std::uint64_t packets() const { return count_.packets; }
  std::uint64_t octets() const { return count_.octets; }
  std::uint64_t audio() const { return count_.audio; }
  /// Whether the last packet had audio or video in it.
  bool is_audio() const { return count_.is_audio != 0; }
  const MediaFormat& format() const { return format_; }
  /// Expected less received less overflowed here, over all SSRCs; 0 if duplicates make it negative.
  std::uint64_t lost() const;
  std::uint64_t dropped() const { return late_ + overflow_; }
  std::uint64_t reordered() const { return count_.reordered; }
  /// Interarrival jitter of the current SSRC. Nothing until two packets of a known clock rate could be compared.
  /// Telephone events and packets with the timestamp of the one before (a picture takes several packets) do not count.
  std::optional<Duration> jitter() const;
  TimePoint first() const { return time_of(count_.first); }
  TimePoint last() const { return time_of(count_.last); }
  /// When the last packet came that was not a keepalive.
  std::optional<TimePoint> alive() const {
    return count_.was_alive != 0 ? std::optional(time_of(count_.alive)) : std::nullopt;
  }
  std::uint32_t ssrc() const { return count_.ssrc; }
  std::uint8_t payload_type() const { return format_.payload_type; }

  /// The payload types to expect next: the last one first, then those that signalling names; at most `most`.
  MediaFormats expected_formats(std::size_t most) const;

  /// The counters, for somebody else to continue; resume() takes them back.
  const dw_rtp_count& count() const { return count_; }
  void resume(const dw_rtp_count& count);

 private:
  static TimePoint time_of(std::uint64_t nanoseconds) {
    return TimePoint(std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds)));
  }
  void set_format(std::uint8_t payload_type);

  std::shared_ptr<const MediaFormats> formats_;
  MediaFormat format_;  ///< of the last packet
  std::uint64_t late_ = 0, overflow_ = 0;
  dw_rtp_count count_{};
};

}  // namespace dw::nat
