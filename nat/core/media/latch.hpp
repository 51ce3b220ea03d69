#pragma once
#include <cstdint>
#include <optional>

#include "nat/core/media/rtp.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat {

/// Learns where the far end of one leg really is, from the packets that come, and keeps strangers out
/// (media §7 trap 6, sccp §4.2). Packets go back to nowhere but where valid packets came from.
///
///   closed --open()--> open --kProbation packets in a row--> locked --open(), or kSilence and probation--> locked anew
///
/// Only the address that signalling shows may latch, at whatever port; another address never moves a leg, but the one
/// that the phone roamed to (let_roam).
class Latch {
 public:
  static constexpr unsigned kProbation = 2;              ///< packets of one source and SSRC, in order
  using Silence = std::chrono::duration<std::uint16_t>;  ///< seconds
  static constexpr Silence kSilence{3};
  /// RTCP is sent every five seconds at least, or not at all (RFC 3550 §6.2): silence is longer there.
  static constexpr Silence kRtcpSilence{15};

  enum class Verdict : std::uint8_t {
    accepted,  ///< from the locked source, or from one on probation: relay it
    latched,   ///< accepted, and from now on this is the far end: what was held may go
    stranger,  ///< from elsewhere: count it and drop it
    invalid,   ///< not RTP (or RTCP)
    closed,    ///< signalling has not opened this leg
  };

  explicit Latch(Silence silence = kSilence) : silence_(silence) {}

  /// Signalling opened the leg, or opened it again: `address` alone may latch. The old far end stays in use until
  /// another one has passed probation.
  void open(const IpAddress& address);
  /// Whoever sends in order first, from anywhere; for the central side alone.
  void open_to_anybody();
  void close() { *this = Latch(silence_); }
  /// Signalling says that the phone is at `address` now, which anybody may say of it: RTP from there that goes on with
  /// the phone's own SSRC and sequence numbers moves the leg, nothing else does. Its own address again ends that.
  void let_roam(const IpAddress& address) { roams_to_ = address == address_ ? IpAddress{} : address; }

  Verdict on_rtp(TimePoint now, const Endpoint& from, const std::optional<RtpHeader>& header);
  /// RTCP, which has a port, a mapping and so a latch of its own, and what is opaque: one packet is enough,
  /// as there are few, or nothing in them to tell a row by.
  Verdict on_datagram(TimePoint now, const Endpoint& from, bool valid);
  /// It only keeps its mapping open. That shows where a phone is that never sends RTP; RTP from elsewhere counts more.
  Verdict on_keepalive(TimePoint now, const Endpoint& from);
  /// From where signalling says, of an address that may latch: one packet is enough, whoever was heard before.
  void on_named(TimePoint now, const Endpoint& from) { lock(now, from); }

  /// Where to send; nothing while nobody was heard.
  const std::optional<Endpoint>& far_end() const { return far_end_; }
  bool is_open() const { return anybody_ || address_; }
  const IpAddress& address() const { return address_; }  ///< which alone may latch
  /// Whether anything from there could be more than a stranger's, now or later.
  bool may_hear(const IpAddress& from) const { return may_latch(from) || (roams_to_ && from == roams_to_); }
  TimePoint last_heard() const { return last_heard_; }
  std::uint64_t strangers() const { return strangers_; }
  std::uint32_t moves() const { return moves_; }  ///< how often the far end changed after the first time

 private:
  /// The RTP stream that came from the far end last.
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

  // First what each packet of the far end touches.
  std::optional<Endpoint> far_end_;
  TimePoint last_heard_{};
  std::optional<Own> own_;
  bool guessed_ = false;  ///< by a keepalive alone
  bool reopened_ = false;
  bool anybody_ = false;
  std::uint8_t candidate_count_ = 0;
  Silence silence_;
  std::uint16_t candidate_sequence_ = 0;
  std::uint32_t candidate_ssrc_ = 0;
  Endpoint candidate_;
  IpAddress address_;
  IpAddress roams_to_;  ///< none: nowhere
  std::uint32_t moves_ = 0;
  std::uint64_t strangers_ = 0;
};

}  // namespace dw::nat
