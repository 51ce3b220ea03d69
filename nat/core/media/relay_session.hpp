#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "nat/core/media/central_sources.hpp"
#include "nat/core/media/delivery.hpp"
#include "nat/core/media/fax_switch.hpp"
#include "nat/core/media/flow_table.hpp"
#include "nat/core/media/phone_end.hpp"
#include "nat/core/media/rtp.hpp"
#include "nat/core/media/stream_stats.hpp"
#include "nat/core/stun/way_out.hpp"
#include "sbc/base/media_broker.hpp"

namespace dw::nat {

/// The four ports of a stream. The RTCP port is the RTP port plus one.
enum class Port : std::uint8_t { phone_rtp, phone_rtcp, central_rtp, central_rtcp };
inline constexpr std::size_t kPorts = 4;
constexpr bool on_phone_side(Port port) {
  return port == Port::phone_rtp || port == Port::phone_rtcp;
}
constexpr bool for_rtcp(Port port) {
  return port == Port::phone_rtcp || port == Port::central_rtcp;
}
/// The port from which packets that came in at `port` leave.
constexpr Port across(Port port) {
  return static_cast<Port>(static_cast<std::uint8_t>(port) ^ 2U);
}

/// What is fixed when a stream opens.
struct StreamRules {
  IpAddress phone{};                                ///< the only address that may latch on the phone's side
  std::shared_ptr<const AllowedSenders> allowed{};  ///< may always send on the central side
  bool stated_first = false;                        ///< see PhoneEnd
  bool symmetric = false;  ///< RTP goes to where the far end's comes from, once it has been heard
};

/// The rules of one stream (sccp §4.2, media §7): which packets are accepted, and where they go. The phone's side uses
/// Latch: packets go to where valid ones came from, or to where the phone says that it receives (PhoneEnd). The central
/// side accepts what CentralSources allows, and sends to the far end that signalling named, or to where its packets
/// come from (StreamRules::symmetric). Payload types don't matter, and no octet is changed. Packets need not be RTP if
/// signalling calls the stream opaque, or after two gateways have switched to fax (FaxSwitch). More than 30 methods:
/// one set of rules, with a method for each thing that happens to a stream.
class RelaySession {
 public:
  enum class Fate : std::uint8_t {
    relay,      ///< send it to `to`, from the port across
    hold,       ///< keep it for a phone that was not heard yet
    nowhere,    ///< accepted and counted, but there is no destination now
    stranger,   ///< from an address or port that may not send here
    invalid,    ///< not RTP, or not RTCP
    keepalive,  ///< only keeps a NAT mapping open
  };
  struct Outcome {
    Fate fate = Fate::invalid;
    bool latched = false;          ///< the phone's RTP endpoint has just become known: release held packets
    const Endpoint* to = nullptr;  ///< for `relay`; valid until the next call
    bool taken() const { return fate <= Fate::nowhere; }
  };
  /// What happened to an accepted packet.
  enum class Sent : std::uint8_t { sent, failed, unwanted };

  /// Sender and destination of an RTP port's packets, if the next packet of that sender would change no state but
  /// counters.
  struct PlainPath {
    Endpoint from, to;
    std::uint32_t ssrc = 0;
    friend bool operator==(const PlainPath&, const PlainPath&) = default;
  };

  explicit RelaySession(const StreamRules& rules);

  void reopen();
  /// Where the phone says that it receives, if that can be trusted. Nothing: only where it is heard from counts.
  void set_phone(TimePoint now, const std::optional<Endpoint>& rtp, const std::optional<Endpoint>& rtcp);
  /// Signalling says that the phone is at another address. A stream on which nothing was heard moves at once; otherwise
  /// it moves when the phone's own RTP comes from there (Latch::let_roam).
  void set_phone_address(TimePoint now, const IpAddress& address);
  /// Addresses that are no single host (unspecified, multicast, broadcast) and port 0 are no far end.
  void set_far_end(const std::optional<Endpoint>& far_end, const std::optional<Endpoint>& rtcp = {});
  void set_sources(const MediaSources& sources) { sources_.name(sources); }
  void set_formats(MediaSide toward, std::shared_ptr<const MediaFormats> formats);
  /// The central RTP endpoint of another local stream, which may send here too; nothing: no longer.
  void set_feed(const std::optional<Endpoint>& feed);
  /// Another local stream sends to this phone in place of the far end.
  void on_fed();

  /// While opaque, the RTP ports carry UDPTL or the like: no header is parsed, one datagram of the phone latches, only
  /// packets and octets are counted, and there are no keepalives. Latches stay.
  void set_opaque(bool opaque) { opaque_ = opaque; }
  /// From now on packets are counted and not sent.
  void silence() { silent_ = true; }

  Outcome on_packet(TimePoint now, Port port, const Endpoint& from, Bytes packet);
  /// Prefetches the memory that the next packet at this port touches.
  void prefetch(Port port) const;
  /// A packet from another local stream, handled as if it had come in on the central side at `port`.
  Outcome on_bridged(TimePoint now, Port port, Bytes packet);
  /// Reports what happened to the packet that was accepted at `port`.
  void on_sent(TimePoint now, Port port, Sent sent);
  /// The packet accepted at `port` was too old to be sent.
  void on_late(Port port);
  /// This many packets for `port` were dropped because its buffer was full.
  void on_overflow(Port port, std::uint64_t packets);
  /// A held packet was sent to the phone.
  void on_held_sent() { to_phone_.sent_late(); }

  /// The plain path of the RTP port `in`. Nothing: each packet has to be looked at here (not RTP, fax, hold, a phone on
  /// probation, …).
  std::optional<PlainPath> plain_path(Port in) const;
  /// False: packets from there to the RTP port `in` are always a stranger's.
  bool may_hear(Port in, const Endpoint& from) const;
  /// The counters for whoever carries the path, to count on from; and the formats to expect there.
  FlowState lend(Port in) const { return {.count = stats(in).count()}; }
  MediaFormats expected_formats(Port in, std::size_t most) const { return stats(in).expected_formats(most); }
  /// Takes over what was carried on `path` so far, all of it delivered, as if each packet had come here. Returns the
  /// number of new packets.
  std::uint64_t on_carried(Port in, const PlainPath& path, const FlowState& state);

  using Keepalive = std::array<std::uint8_t, kRtpHeaderOctets>;
  /// The keepalive to send to the latched phone when nothing went there for `idle`: the last packet's header again,
  /// without payload.
  std::optional<Keepalive> keepalive(TimePoint now, Duration idle);

  /// A router on the central side lets in only hosts that we have sent to (WayOut::open).
  void open_way(const Endpoint& anchor) {
    rtp_way_.open(anchor);
    rtcp_way_.open(anchor);
  }
  /// Where to send a packet of our own (WayOut::packet) from this central port, as nothing left it for `idle`. Nothing
  /// while opaque: the far end could take it for its own protocol.
  std::optional<Endpoint> way_due(TimePoint now, Port port, Duration idle);
  WayOut::Packet way_packet(std::uint64_t stream) { return rtp_way_.packet(stream); }

  /// Where the phone's packets come from.
  const std::optional<Endpoint>& phone() const { return rtp_.latch.far_end(); }
  /// Where packets for the phone go.
  const std::optional<Endpoint>& to_phone() const { return rtp_.to(stated_first_); }
  MediaFlow from_phone() const { return flow_of(from_phone_, from_phone_rtcp_, to_central_); }
  MediaFlow from_central() const { return flow_of(from_central_, from_central_rtcp_, to_phone_); }
  std::uint64_t strangers() const { return central_strangers_ + rtp_.latch.strangers() + rtcp_.latch.strangers(); }

 private:
  static MediaFlow flow_of(const StreamStats& stats, const std::optional<TimePoint>& rtcp, const Delivery& delivery);
  static Outcome refused(Latch::Verdict verdict);
  Outcome toward(const std::optional<Endpoint>& to) const {
    const bool goes = to && !silent_;
    return {goes ? Fate::relay : Fate::nowhere, false, goes ? &*to : nullptr};
  }
  /// If the RTP latch has moved, or may have: drops what belonged to the old address.
  void follow_phone(TimePoint now, const IpAddress& address);
  Outcome on_phone_rtp(TimePoint now, const Endpoint& from, Bytes packet);
  Outcome on_phone_opaque(TimePoint now, const Endpoint& from, Bytes packet);
  Outcome on_phone_other(TimePoint now, const Endpoint& from, Bytes packet);
  /// Where a packet that was accepted from the phone goes.
  Outcome from_phone_on(TimePoint now, bool latched);
  Outcome to_phone_on(TimePoint now);
  Outcome on_phone_rtcp(TimePoint now, const Endpoint& from, Bytes packet);
  Outcome on_central(TimePoint now, Port port, Bytes packet, const std::optional<RtpHeader>& header);
  void follow_far_end(TimePoint now, Port port, const Endpoint& from, Bytes packet,
                      const std::optional<RtpHeader>& header);
  const std::optional<Endpoint>& to_far_end() const {
    return far_end_ && far_latch_.far_end() ? far_latch_.far_end() : far_end_;
  }
  bool may_send(TimePoint now, Port port, const Endpoint& from, Bytes packet, const std::optional<RtpHeader>& header);
  bool is_feed(const Endpoint& from) const;
  StreamStats& stats(Port port) { return on_phone_side(port) ? from_phone_ : from_central_; }
  const StreamStats& stats(Port port) const { return on_phone_side(port) ? from_phone_ : from_central_; }

  // Members that a packet of the phone touches are adjacent, and so are those of the central side: see prefetch().
  alignas(64) PhoneEnd rtp_;
  IpAddress phone_address_;
  const bool stated_first_, symmetric_;
  bool silent_ = false;
  bool opaque_ = false;
  FaxSwitch fax_;
  StreamStats from_phone_;
  std::optional<TimePoint> from_phone_rtcp_;  ///< time of the last one
  Delivery to_central_;
  WayOut rtp_way_;
  alignas(64) std::optional<Endpoint> far_end_;
  Latch far_latch_;  ///< open only while symmetric
  StreamStats from_central_;
  std::optional<TimePoint> from_central_rtcp_;
  Delivery to_phone_;
  std::optional<Endpoint> central_heard_;  ///< source of the last RTP packet
  RtpHeader last_to_phone_;
  bool sent_before_ = false;
  bool far_end_heard_ = false;
  TimePoint sent_to_phone_{};
  std::optional<Endpoint> feed_;
  CentralSources sources_;

  PhoneEnd rtcp_;
  std::optional<Endpoint> far_end_rtcp_;
  std::optional<Endpoint> stated_rtcp_;  ///< as the far end stated it
  std::uint64_t central_strangers_ = 0;
  WayOut rtcp_way_;
};

}  // namespace dw::nat
