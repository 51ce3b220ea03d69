#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "nat/core/latch.hpp"
#include "nat/core/rtp.hpp"
#include "nat/core/stream_stats.hpp"
#include "sbc/base/media_broker.hpp"

namespace dw::nat {

/// The four ports of a stream. RTCP's is RTP's plus one.
enum class Port : std::uint8_t { phone_rtp, phone_rtcp, central_rtp, central_rtcp };
inline constexpr std::size_t kPorts = 4;
constexpr bool on_phone_side(Port port) {
  return port == Port::phone_rtp || port == Port::phone_rtcp;
}
constexpr bool for_rtcp(Port port) {
  return port == Port::phone_rtcp || port == Port::central_rtcp;
}
/// What comes in at one port leaves from the one across.
constexpr Port across(Port port) {
  return static_cast<Port>(static_cast<std::uint8_t>(port) ^ 2U);
}

/// The rules of one stream (sccp §4.2, media §7): from whom a packet is taken, and where it goes.
///
/// The phone's side goes by Latch: packets go to nowhere but where valid ones came from. The central side
/// takes packets from the address of the far end that signalling named and from the call server's, whatever
/// the port, and sends to the far end as it was named; RTCP goes to where RTCP came from, once it did.
/// Payload types don't matter, and no octet is changed. What signalling calls opaque need not be RTP at all.
class RelaySession {
 public:
  enum class Fate : std::uint8_t {
    relay,     ///< send it to `to`, from the port across
    hold,      ///< for a phone that was not heard yet
    nowhere,   ///< taken and counted, but nobody wants it now
    stranger,  ///< from somebody who has no business here
    invalid,   ///< not RTP, or not RTCP
  };
  struct Outcome {
    Fate fate = Fate::invalid;
    bool latched = false;          ///< the phone's RTP end has just become known: what was held may go
    const Endpoint* to = nullptr;  ///< for `relay`; good until the next call
    bool taken() const { return fate <= Fate::nowhere; }
  };

  /// `phone` alone may latch. `call_server` (may be no address) may send beside the far end.
  RelaySession(const IpAddress& phone, const IpAddress& call_server);

  void reopen();
  /// Addresses to which no single host answers (unspecified, multicast, broadcast) and port 0 are no far end.
  void set_far_end(const std::optional<Endpoint>& far_end);
  /// Another stream's central RTP port of ours, which may send here as well; none: no longer.
  void set_feed(const std::optional<Endpoint>& feed) { feed_ = feed; }

  /// While opaque, what comes at the RTP ports is UDPTL or the like: no header is looked at, one datagram of
  /// the phone latches, packets and octets are counted and nothing else, and there is no keepalive. Latches
  /// stay.
  void set_opaque(bool opaque) { opaque_ = opaque; }
  /// From now on packets are counted and go nowhere.
  void silence() { silent_ = true; }

  Outcome on_packet(TimePoint now, Port port, const Endpoint& from, Bytes packet);
  /// From another stream of ours, as if it had come in on the central side at `port`.
  Outcome on_bridged(TimePoint now, Port port, Bytes packet);

  using Keepalive = std::array<std::uint8_t, kRtpHeaderOctets>;
  /// What to send to the latched phone when nothing went there for `idle`: the header of the last packet once
  /// more, without its payload. Counts as sent.
  std::optional<Keepalive> keepalive(TimePoint now, Duration idle);

  const std::optional<Endpoint>& phone() const { return rtp_latch_.far_end(); }
  MediaFlow from_phone() const { return flow_of(from_phone_); }
  MediaFlow from_central() const { return flow_of(from_central_); }
  std::uint64_t strangers() const {
    return central_strangers_ + rtp_latch_.strangers() + rtcp_latch_.strangers();
  }

 private:
  static MediaFlow flow_of(const StreamStats& stats);
  static Outcome refused(Latch::Verdict verdict);
  Outcome toward(const std::optional<Endpoint>& to) const {
    const bool goes = to && !silent_;
    return {goes ? Fate::relay : Fate::nowhere, false, goes ? &*to : nullptr};
  }
  Outcome on_phone_rtp(TimePoint now, const Endpoint& from, Bytes packet);
  Outcome on_phone_opaque(TimePoint now, const Endpoint& from, Bytes packet);
  /// What came from the phone and was counted: on its way.
  Outcome from_phone_on(TimePoint now, bool latched);
  Outcome to_phone_on(TimePoint now);
  Outcome on_phone_rtcp(TimePoint now, const Endpoint& from, Bytes packet);
  bool is_feed(const Endpoint& from) const;
  bool may_send(const Endpoint& from) const;

  IpAddress phone_address_, call_server_;
  Latch rtp_latch_, rtcp_latch_;
  std::optional<Endpoint> far_end_, far_end_rtcp_, feed_;
  StreamStats from_phone_, from_central_;
  RtpHeader last_to_phone_;
  bool sent_before_ = false;
  bool silent_ = false;
  bool opaque_ = false;
  TimePoint sent_to_phone_{};
  std::uint64_t central_strangers_ = 0;
};

}  // namespace dw::nat
