#pragma once
#include <cstdint>
#include <optional>

#include "nat/core/media/rtp.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat {

/// Learns where the far end of one leg really is from the packets that arrive, and keeps strangers out (media §7 trap
/// 6, sccp §4.2). Packets are only sent to where valid ones came from.
///
///   closed --open()--> open --kProbation packets in a row--> locked
///   locked --open(), or kSilence, then probation again--> locked
///
/// Only the address that signalling gives may latch, from any port. Another address never moves a leg, except one that
/// the phone roamed to (let_roam).
class Latch {
 public:
  static constexpr unsigned kProbation = 2;              ///< packets in a row of one source and SSRC
  using Silence = std::chrono::duration<std::uint16_t>;  ///< seconds
  static constexpr Silence kSilence{3};
  /// RTCP is sent at least every five seconds or not at all (RFC 3550 §6.2), so its silence is longer.
  static constexpr Silence kRtcpSilence{15};

  enum class Verdict : std::uint8_t {
    accepted,  ///< from the locked source, or one on probation: relay it
    latched,   ///< accepted, and its source is the far end from now on: release held packets
    stranger,  ///< from elsewhere: count and drop it
    invalid,   ///< not RTP (or RTCP)
    closed,    ///< signalling has not opened this leg
  };

  explicit Latch(Silence silence = kSilence) : silence_(silence) {}

  /// Signalling opened the leg, or opened it again: only `address` may latch. The old far end stays until another
  /// source has passed probation.
  void open(const IpAddress& address);
  /// The first source that sends in order may latch, whatever its address; for the central side only.
  void open_to_anybody();
  void close() { *this = Latch(silence_); }
  /// Signalling says that the phone is at `address` now, which anybody could claim. Only RTP from there that continues
  /// the phone's own SSRC and sequence numbers moves the leg. Calling this with the leg's own address ends roaming.
  void let_roam(const IpAddress& address) { roams_to_ = address == address_ ? IpAddress{} : address; }

  Verdict on_rtp(TimePoint now, const Endpoint& from, const std::optional<RtpHeader>& header);
  /// For RTCP, which has its own port, mapping and latch, and for opaque packets. One packet is enough: RTCP is rare,
  /// and opaque packets have no sequence to check.
  Verdict on_datagram(TimePoint now, const Endpoint& from, bool valid);
  /// A packet that only keeps a mapping open. It shows where a phone is that never sends RTP; RTP from elsewhere counts
  /// more.
  Verdict on_keepalive(TimePoint now, const Endpoint& from);
  /// From the endpoint that signalling names, at an address that may latch: one packet is enough, whatever came before.
  void on_named(TimePoint now, const Endpoint& from) { lock(now, from); }

  /// Where to send; nothing until a source has latched.
  const std::optional<Endpoint>& far_end() const { return far_end_; }
  bool is_open() const { return anybody_ || address_; }
  const IpAddress& address() const { return address_; }  ///< the only one that may latch
  /// Whether a packet from there could be accepted, now or later.
  bool may_hear(const IpAddress& from) const { return may_latch(from) || (roams_to_ && from == roams_to_); }
  TimePoint last_heard() const { return last_heard_; }
  std::uint64_t strangers() const { return strangers_; }
  std::uint32_t moves() const { return moves_; }  ///< how often the far end changed, not counting the first

 private:
  /// The last RTP stream from the far end.
  struct Own {
    std::uint32_t ssrc = 0;
    std::uint16_t sequence = 0;
    TimePoint heard{};
  };
  Verdict lock(TimePoint now, const Endpoint& from);
  void note(TimePoint now, const RtpHeader& header);
  bool has_roamed(const Endpoint& from, const std::optional<RtpHeader>& header) const;
  bool may_latch(const IpAddress& address) const { return anybody_ || address == address_; }
  bool may_move(TimePoint now) const { return !far_end_ || reopened_ || guessed_ || now - last_heard_ > silence_; }

  // First, what each packet of the far end touches.
  std::optional<Endpoint> far_end_;
  TimePoint last_heard_{};
  std::optional<Own> own_;
  bool guessed_ = false;  ///< learned from a keepalive only
  bool reopened_ = false;
  bool anybody_ = false;
  std::uint8_t candidate_count_ = 0;
  Silence silence_;
  std::uint16_t candidate_sequence_ = 0;
  std::uint32_t candidate_ssrc_ = 0;
  Endpoint candidate_;
  IpAddress address_;
  IpAddress roams_to_;  ///< unset: nowhere
  std::uint32_t moves_ = 0;
  std::uint64_t strangers_ = 0;
};

}  // namespace dw::nat
