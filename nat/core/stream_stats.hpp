#pragma once
#include <cstdint>

#include "nat/core/rtp.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat {

/// What passed in one direction of one stream, and how well: RFC 3550 §6.4.1 and A.1, A.3, A.8, for as many
/// SSRCs one after another as come (each new one begins a new count that is added to the old).
class StreamStats {
 public:
  void on_packet(TimePoint now, const RtpHeader& header, std::size_t octets);
  /// Not RTP: counted, and nothing learned of loss or jitter.
  void on_opaque(TimePoint now, std::size_t octets);

  std::uint64_t packets() const { return packets_; }
  std::uint64_t octets() const { return octets_; }
  /// Expected less received, over all SSRCs; duplicates may make it less than nothing, then 0.
  std::uint64_t lost() const;
  std::uint64_t reordered() const { return reordered_; }
  /// Interarrival jitter of the present SSRC. `clock_rate` in Hz: 8000 for what these phones speak.
  Duration jitter() const;
  TimePoint first() const { return first_; }
  TimePoint last() const { return last_; }
  std::uint32_t ssrc() const { return ssrc_; }
  std::uint8_t payload_type() const { return payload_type_; }

 private:
  static constexpr std::uint32_t kClockRate = 8000;
  static constexpr std::uint16_t kMaxDropout = 3000;   ///< RFC 3550 A.1: a larger step forward is a restart
  static constexpr std::uint16_t kMaxMisorder = 100;

  void restart(const RtpHeader& header);
  std::uint64_t expected() const { return started_ ? cycles_ + highest_ - base_ + 1U : 0; }

  std::uint64_t packets_ = 0, octets_ = 0, reordered_ = 0;
  std::uint64_t opaque_ = 0;           ///< packets that were no RTP
  std::uint64_t expected_before_ = 0;  ///< of earlier SSRCs
  std::uint64_t cycles_ = 0;
  std::uint32_t ssrc_ = 0;
  std::uint16_t base_ = 0, highest_ = 0;
  std::uint8_t payload_type_ = 0;
  bool started_ = false, have_transit_ = false;
  std::int64_t transit_ = 0;
  double jitter_ = 0;  ///< in timestamp units
  TimePoint first_{}, last_{};
};

}  // namespace dw::nat
