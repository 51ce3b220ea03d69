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

/// What a stream has from the beginning.
struct StreamRules {
  IpAddress phone{};                                ///< may latch on the phone's side
  std::shared_ptr<const AllowedSenders> allowed{};  ///< may always send on the central side
  bool stated_first = false;                        ///< see PhoneEnd
  bool symmetric = false;  ///< the far end is sent to where its packets come from, once they came
};

/// The rules of one stream (sccp §4.2, media §7): from whom a packet is taken, and where it goes.
///
/// The phone's side goes by Latch: packets go to where valid ones came from, or to where the phone says that it
/// receives (PhoneEnd). The central side takes packets from whom CentralSources lets in, and sends to the far end as
/// it was named, or to where its packets come from (StreamRules::symmetric). Payload types don't matter, and no octet
/// is changed. What signalling calls opaque need not be RTP at all; nor what two gateways made fax (FaxSwitch).
class RelaySession {
 public:
  enum class Fate : std::uint8_t {
    relay,      ///< send it to `to`, from the port across
    hold,       ///< for a phone that was not heard yet
    nowhere,    ///< taken and counted, but nobody wants it now
    stranger,   ///< from somebody who has no business here
    invalid,    ///< not RTP, or not RTCP
    keepalive,  ///< keeps a NAT mapping open and is no more than that
  };
  struct Outcome {
    Fate fate = Fate::invalid;
    bool latched = false;          ///< the phone's RTP end has just become known: what was held may go
    const Endpoint* to = nullptr;  ///< for `relay`; good until the next call
    bool taken() const { return fate <= Fate::nowhere; }
  };
  /// What became of what came from one side.
  enum class Sent : std::uint8_t { sent, failed, unwanted };

  /// What comes from one sender at an RTP port, and where it goes, when the next packet of it would change no rule.
  struct PlainPath {
    Endpoint from, to;
    std::uint32_t ssrc = 0;
    friend bool operator==(const PlainPath&, const PlainPath&) = default;
  };

  explicit RelaySession(const StreamRules& rules);

  void reopen();
  /// Where the phone says that it receives, when that may be believed; none: it is only where it is heard from.
  void set_phone(TimePoint now, const std::optional<Endpoint>& rtp, const std::optional<Endpoint>& rtcp);
  /// The phone is said to be at another address. A stream on which nothing was heard is there at once, as if it had
  /// begun so; another one when the phone's own RTP comes from there (Latch::let_roam).
  void set_phone_address(TimePoint now, const IpAddress& address);
  /// Addresses to which no single host answers (unspecified, multicast, broadcast) and port 0 are no far end.
  void set_far_end(const std::optional<Endpoint>& far_end, const std::optional<Endpoint>& rtcp = {});
  void set_sources(const MediaSources& sources) { sources_.name(sources); }
  void set_formats(MediaSide toward, std::shared_ptr<const MediaFormats> formats);
  /// Another stream's central RTP port of ours, which may send here as well; none: no longer.
  void set_feed(const std::optional<Endpoint>& feed);
  /// Another stream of ours sends to the phone in the far end's place.
  void on_fed();

  /// While opaque, what comes at the RTP ports is UDPTL or the like: no header is looked at, one datagram of
  /// the phone latches, packets and octets are counted and nothing else, and there is no keepalive. Latches
  /// stay.
  void set_opaque(bool opaque) { opaque_ = opaque; }
  /// From now on packets are counted and go nowhere.
  void silence() { silent_ = true; }

  Outcome on_packet(TimePoint now, Port port, const Endpoint& from, Bytes packet);
  /// Asks for the memory that the next packet at this port will touch.
  void prefetch(Port port) const;
  /// From another stream of ours, as if it had come in on the central side at `port`.
  Outcome on_bridged(TimePoint now, Port port, Bytes packet);
  /// What became of the packet that was taken at `port`.
  void on_sent(TimePoint now, Port port, Sent sent);
  /// It was taken at `port` and is too old to be sent on.
  void on_late(Port port);
  /// So many came to `port` and found its buffer full.
  void on_overflow(Port port, std::uint64_t packets);
  /// A packet that had been held went to the phone.
  void on_held_sent() { to_phone_.sent_late(); }

  /// Of the RTP port `in`. None: each packet has to be looked at here (no RTP, fax, hold, a phone on probation, …).
  std::optional<PlainPath> plain_path(Port in) const;
  /// False: what comes from there to the RTP port `in` is a stranger's, whatever came before.
  bool may_hear(Port in, const Endpoint& from) const;
  /// What somebody else may count on from, who carries the path; and its formats.
  FlowState lend(Port in) const { return {.count = stats(in).count()}; }
  MediaFormats expected_formats(Port in, std::size_t most) const { return stats(in).expected_formats(most); }
  /// So much was carried along `path` until now, delivered all of it: as if each packet had come here. Returns how many
  /// are new.
  std::uint64_t on_carried(Port in, const PlainPath& path, const FlowState& state);

  using Keepalive = std::array<std::uint8_t, kRtpHeaderOctets>;
  /// What to send to the latched phone when nothing went there for `idle`: the header of the last packet once
  /// more, without its payload.
  std::optional<Keepalive> keepalive(TimePoint now, Duration idle);

  /// A router on the central side lets in whom we have sent to (WayOut::open).
  void open_way(const Endpoint& anchor) {
    rtp_way_.open(anchor);
    rtcp_way_.open(anchor);
  }
  /// Where a packet of our own (WayOut::packet) is to leave for from this central port, when nothing left for `idle`;
  /// never while opaque, where it would be taken for what the far end talks.
  std::optional<Endpoint> way_due(TimePoint now, Port port, Duration idle);
  WayOut::Packet way_packet(std::uint64_t stream) { return rtp_way_.packet(stream); }

  /// Where its packets come from.
  const std::optional<Endpoint>& phone() const { return rtp_.latch.far_end(); }
  /// Where it is sent to.
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
  /// Its RTP latch has, or may have: forgets what was true of the address before.
  void follow_phone(TimePoint now, const IpAddress& address);
  Outcome on_phone_rtp(TimePoint now, const Endpoint& from, Bytes packet);
  Outcome on_phone_opaque(TimePoint now, const Endpoint& from, Bytes packet);
  Outcome on_phone_other(TimePoint now, const Endpoint& from, Bytes packet);
  /// What came from the phone and was counted: on its way.
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

  // What a packet of the phone touches lies together, and what one of the central side does: see prefetch().
  alignas(64) PhoneEnd rtp_;
  IpAddress phone_address_;
  const bool stated_first_, symmetric_;
  bool silent_ = false;
  bool opaque_ = false;
  FaxSwitch fax_;
  StreamStats from_phone_;
  std::optional<TimePoint> from_phone_rtcp_;  ///< when the last came
  Delivery to_central_;
  WayOut rtp_way_;
  alignas(64) std::optional<Endpoint> far_end_;
  Latch far_latch_;  ///< open while symmetric
  StreamStats from_central_;
  std::optional<TimePoint> from_central_rtcp_;
  Delivery to_phone_;
  std::optional<Endpoint> central_heard_;  ///< where the last RTP came from
  RtpHeader last_to_phone_;
  bool sent_before_ = false;
  bool far_end_heard_ = false;
  TimePoint sent_to_phone_{};
  std::optional<Endpoint> feed_;
  CentralSources sources_;

  PhoneEnd rtcp_;
  std::optional<Endpoint> far_end_rtcp_;
  std::optional<Endpoint> stated_rtcp_;  ///< the far end's, in its own words
  std::uint64_t central_strangers_ = 0;
  WayOut rtcp_way_;
};

}  // namespace dw::nat
