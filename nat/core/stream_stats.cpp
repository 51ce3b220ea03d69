#include "nat/core/stream_stats.hpp"

#include <cmath>

namespace dw::nat {

void StreamStats::restart(const RtpHeader& header) {
  expected_before_ += expected();
  started_ = true;
  have_transit_ = false;
  ssrc_ = header.ssrc;
  base_ = highest_ = header.sequence;
  cycles_ = 0;
  jitter_ = 0;
}

void StreamStats::on_packet(TimePoint now, const RtpHeader& header, std::size_t octets) {
  if (packets_++ == 0) first_ = now;
  last_ = now;
  octets_ += octets;
  const bool new_kind = header.payload_type != payload_type_;
  payload_type_ = header.payload_type;
  if (!started_ || header.ssrc != ssrc_) {
    restart(header);
  } else {
    const auto ahead = static_cast<std::uint16_t>(header.sequence - highest_);
    if (ahead != 0 && ahead < kMaxDropout) {
      if (header.sequence < highest_) cycles_ += 0x10000;
      highest_ = header.sequence;
    } else if (ahead == 0 || ahead > 0xffff - kMaxMisorder) {
      if (ahead != 0) ++reordered_;
      return;  // late ones and duplicates say nothing of jitter
    } else {
      restart(header);
    }
  }
  // Another payload type (a DTMF event) repeats its timestamp; it would look like jitter.
  if (new_kind && have_transit_) {
    have_transit_ = false;
    return;
  }
  const auto arrival = std::chrono::duration_cast<std::chrono::duration<std::int64_t, std::ratio<1, kClockRate>>>(
                           now.time_since_epoch()).count();
  const std::int64_t transit = arrival - static_cast<std::int64_t>(header.timestamp);
  if (have_transit_) {
    const auto d = static_cast<std::int32_t>(static_cast<std::uint32_t>(transit - transit_));  // timestamps wrap
    jitter_ += (std::abs(static_cast<double>(d)) - jitter_) / 16.0;
  }
  transit_ = transit;
  have_transit_ = true;
}

void StreamStats::on_opaque(TimePoint now, std::size_t octets) {
  if (packets_++ == 0) first_ = now;
  last_ = now;
  octets_ += octets;
  ++opaque_;
  have_transit_ = false;  // RTP that comes after it has waited
}

std::uint64_t StreamStats::lost() const {
  const std::uint64_t wanted = expected_before_ + expected();
  const std::uint64_t received = packets_ - opaque_;
  return wanted > received ? wanted - received : 0;
}

Duration StreamStats::jitter() const {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(jitter_ / kClockRate));
}

}  // namespace dw::nat
