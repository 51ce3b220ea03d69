#pragma once
#include <cstdint>

#include <memory>
#include <optional>

#include "nat/core/media/rtp.hpp"
#include "nat/core/media/rtp_count.h"
#include "sbc/base/media_broker.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat {

/// What RFC 3551 §6 fixes for this payload type, or `formats` say of it.
MediaFormat format_of(std::uint8_t payload_type, const MediaFormats* formats);

/// What came in one direction of one stream, and how well: RFC 3550 §6.4.1 and A.1, A.3, A.8, for as many
/// SSRCs one after another as come (each new one begins a new count that is added to the old).
class StreamStats {
 public:
  StreamStats();
  void set_formats(std::shared_ptr<const MediaFormats> formats);

  void on_packet(TimePoint now, const RtpHeader& header, std::size_t octets);
  /// Not RTP: counted, and nothing learned of loss or jitter.
  void on_opaque(TimePoint now, std::size_t octets);
  /// Of those that on_packet was told of: it waited here for too long.
  void on_late() { ++late_; }
  /// They came to our socket and found it full.
  void on_overflow(std::uint64_t packets) { overflow_ += packets; }

  std::uint64_t packets() const { return count_.packets; }
  std::uint64_t octets() const { return count_.octets; }
  std::uint64_t audio() const { return count_.audio; }
  /// Of the last packet: it has something to hear or see.
  bool is_audio() const { return count_.is_audio != 0; }
  const MediaFormat& format() const { return format_; }
  /// Expected less received and less what overflowed here, over all SSRCs; duplicates may make it less than
  /// nothing, then 0.
  std::uint64_t lost() const;
  std::uint64_t dropped() const { return late_ + overflow_; }
  std::uint64_t reordered() const { return count_.reordered; }
  /// Interarrival jitter of the present SSRC; none while no two packets of a known clock rate could be compared.
  /// Telephone events and packets with the timestamp of the one before (one picture is many packets) say nothing.
  std::optional<Duration> jitter() const;
  TimePoint first() const { return time_of(count_.first); }
  TimePoint last() const { return time_of(count_.last); }
  /// When the last one came that was no keepalive.
  std::optional<TimePoint> alive() const {
    return count_.was_alive != 0 ? std::optional(time_of(count_.alive)) : std::nullopt;
  }
  std::uint32_t ssrc() const { return count_.ssrc; }
  std::uint8_t payload_type() const { return format_.payload_type; }

  /// Payload types to expect after what came last: that one first, then those that signalling names, at most `most`.
  MediaFormats expected_formats(std::size_t most) const;

  /// To be counted on by somebody else, and then to be taken back.
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
