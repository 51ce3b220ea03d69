#pragma once
#include <cstdint>

#include <memory>
#include <optional>

#include "nat/core/media/rtp.hpp"
#include "sbc/base/media_broker.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat {

/// What RFC 3551 §6 fixes for this payload type, or `formats` say of it.
MediaFormat format_of(std::uint8_t payload_type, const MediaFormats* formats);

/// What came in one direction of one stream, and how well: RFC 3550 §6.4.1 and A.1, A.3, A.8, for as many
/// SSRCs one after another as come (each new one begins a new count that is added to the old).
class StreamStats {
 public:
  void set_formats(std::shared_ptr<const MediaFormats> formats);

  void on_packet(TimePoint now, const RtpHeader& header, std::size_t octets);
  /// Not RTP: counted, and nothing learned of loss or jitter.
  void on_opaque(TimePoint now, std::size_t octets);
  /// Of those that on_packet was told of: it waited here for too long.
  void on_late() { ++late_; }
  /// They came to our socket and found it full.
  void on_overflow(std::uint64_t packets) { overflow_ += packets; }

  std::uint64_t packets() const { return packets_; }
  std::uint64_t octets() const { return octets_; }
  std::uint64_t audio() const { return audio_; }
  /// Of the last packet: it has something to hear or see.
  bool is_audio() const { return is_audio_; }
  const MediaFormat& format() const { return format_; }
  /// Expected less received and less what overflowed here, over all SSRCs; duplicates may make it less than
  /// nothing, then 0.
  std::uint64_t lost() const;
  std::uint64_t dropped() const { return late_ + overflow_; }
  std::uint64_t reordered() const { return reordered_; }
  /// Interarrival jitter of the present SSRC; none while no two packets of a known clock rate could be compared.
  /// Telephone events and packets with the timestamp of the one before (one picture is many packets) say nothing.
  std::optional<Duration> jitter() const;
  TimePoint first() const { return first_; }
  TimePoint last() const { return last_; }
  /// When the last one came that was no keepalive.
  const std::optional<TimePoint>& alive() const { return alive_; }
  std::uint32_t ssrc() const { return ssrc_; }
  std::uint8_t payload_type() const { return payload_type_; }

 private:
  static constexpr std::uint16_t kMaxDropout = 3000;  ///< RFC 3550 A.1: a larger step forward is a restart
  static constexpr std::uint16_t kMaxMisorder = 100;

  void restart(const RtpHeader& header);
  /// Whether it is the newest of its SSRC.
  bool place(const RtpHeader& header);
  void measure(TimePoint now, const RtpHeader& header);
  std::uint64_t expected() const { return started_ ? cycles_ + highest_ - base_ + 1U : 0; }

  std::shared_ptr<const MediaFormats> formats_;
  MediaFormat format_ = format_of(0, nullptr);  ///< of payload_type_
  std::uint64_t packets_ = 0, octets_ = 0, audio_ = 0, reordered_ = 0;
  std::uint64_t late_ = 0, overflow_ = 0;
  std::uint64_t apart_ = 0;            ///< packets that no sequence number stands for: no RTP, keepalives
  std::uint64_t expected_before_ = 0;  ///< of earlier SSRCs
  std::uint64_t cycles_ = 0;
  std::uint32_t ssrc_ = 0;
  std::uint16_t base_ = 0, highest_ = 0;
  std::uint8_t payload_type_ = 0;
  bool started_ = false, is_audio_ = false;
  /// The last that was compared: when it came, and its timestamp.
  bool have_mark_ = false, measured_ = false;
  TimePoint mark_{};
  std::uint32_t mark_timestamp_ = 0;
  double jitter_ = 0;  ///< nanoseconds
  TimePoint first_{}, last_{};
  std::optional<TimePoint> alive_;
};

}  // namespace dw::nat
