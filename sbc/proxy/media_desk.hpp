#pragma once
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "nat/outside_ports.hpp"
#include "nat/relay.hpp"
#include "sbc/base/keyed_hash.hpp"
#include "sbc/base/media_broker.hpp"
#include "sbc/base/source.hpp"
#include "sbc/net/loop.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/proxy/media_drops.hpp"
#include "sbc/proxy/media_feeds.hpp"

namespace dw::proxy {

/// What signalling sees of the media relay: adds the addresses that either side is told, joins the streams of
/// two phones that both stand behind this Dropwire, lets them talk directly when both are on our own LAN, and
/// keeps a closed stream for as long as packets may be under way. On the loop's thread; the relay outlives
/// it.
class MediaDesk final : public MediaBroker {
 public:
  struct Options {
    bool local = false;  ///< two phones whose addresses no router changed are told each other's
    /// Phones are on a LAN of ours: one whose address no router changed is sent to where it says that it receives,
    /// wherever it sends from.
    bool lan = false;
    bool symmetric = false;          ///< the far end is sent to where its RTP comes from
    std::vector<IpNetwork> sources;  ///< may send on the central side
    std::optional<IpAddress> phone_advertise,
        central_advertise;            ///< else the address that the sockets stand at
    std::optional<std::uint8_t> tos;  ///< always this one, else what the call server asks
    /// How long a stream's ports stay its own after either end (sccp §4.2, §4.4).
    Duration after_closed = std::chrono::seconds(5), after_lost = std::chrono::seconds(10);
    friend bool operator==(const Options&, const Options&) = default;
  };
  /// An RTP port of ours and, behind it, RTCP's, that the router has mapped.
  struct MappedPair {
    Endpoint local, external;
    std::optional<Endpoint> rtcp{};  ///< external; none: the port after `external`'s
    friend bool operator==(const MappedPair&, const MappedPair&) = default;
  };
  MediaDesk(net::Loop& loop, nat::Relay& relay, const Options& options);
  ~MediaDesk() override;
  /// For streams that are opened from now on.
  void configure(const Options& options) { options_ = options; }

  /// What the home's router has mapped, from now on: streams that begin get these ports as long as there are free
  /// ones, and the central side is told where they are reached from outside. Not while there is `central_advertise`.
  void set_mapped(std::vector<MappedPair> pairs);
  bool has_mapped() const { return !mapped_.empty(); }
  std::uint64_t unmapped() const { return unmapped_; }  ///< streams that found none free
  /// Far ends that were named and can be none: a port of ours that is no stream's, this machine itself.
  std::uint64_t refused() const { return refused_; }
  /// What the relay counted in the last five minutes.
  nat::RelayCounts lately() const { return drops_.lately(relay_.counts()); }
  void append_metrics(MetricsText& out) const;
  /// What else is known of the router; while there are no mapped pairs, its pairs go first. Outlives this.
  void set_outside(nat::OutsidePorts* outside) { outside_ = outside; }
  /// The router may have another address: streams whose central side was told the old one are looked at.
  void outside_changed();
  /// The router's last move that cut streams off: they are not heard from the central side since, unless it sends to
  /// where audio comes from.
  struct Move {
    IpAddress was, is;
    TimePoint at{};                    ///< it was noticed
    std::size_t streams = 0;           ///< that are cut off now
    std::optional<TimePoint> ended{};  ///< when the last such stream was over
  };
  std::optional<Move> router_moved() const;

  Result<MediaPorts> open(const MediaRequest& request) override;
  MediaPorts ports(MediaId id) override;
  void reopen(MediaId id) override;
  void set_phone_stated(MediaId id, const Endpoint& stated) override;
  void set_phone(MediaId id, const IpAddress& address) override;
  Endpoint set_far_end(MediaId id, const std::optional<Endpoint>& far_end) override;
  void set_rtcp(MediaId id, MediaSide side, const std::optional<Endpoint>& rtcp) override;
  void set_sources(MediaId id, const MediaSources& sources) override;
  void set_formats(MediaId id, MediaSide toward, const MediaFormats& formats) override;
  void set_opaque(MediaId id, bool opaque) override;
  void set_tos(MediaId id, std::uint8_t tos) override;
  MediaReport report(MediaId id) const override;
  void close(MediaId id, MediaEnd end) override;

 private:
  struct Stream {
    MediaRequest request;
    MediaPorts ports;
    Endpoint central;                ///< where the central-facing RTP socket stands
    std::vector<Endpoint> former;    ///< that the central side was told before
    std::optional<TimePoint> moved;  ///< since when the router has another address than the central side was told
    std::optional<Endpoint> stated, stated_rtcp;
    std::optional<Endpoint> far_end, far_end_rtcp;  ///< not one of our own streams
    MediaId other = MediaId::none;                  ///< the stream of ours that its far end is
    bool direct = false;                            ///< its phone was told the other phone's own address
  };
  nat::StreamRequest relay_request(const MediaRequest& request, const std::optional<nat::OutsidePorts::Pair>& lent);
  void uncount(const IpAddress& phone);
  bool takes_too_much(const IpAddress& source) const;
  bool may_be_far_end(const Stream& stream, const Endpoint& end) const;
  void join(const MediaFeeds::Changes& changes);
  bool may_go_direct(const Stream& from, const Stream& to) const;
  void tell_relay(const Stream& stream);
  std::vector<std::uint16_t> mapped_ports(const IpAddress& central_side);
  std::optional<nat::OutsidePorts::Pair> outside_pair(const IpAddress& central_side);
  std::optional<Endpoint> way_anchor(const Endpoint& central) const;
  struct Told {
    Endpoint rtp;
    std::optional<Endpoint> rtcp;  ///< none: the next port
  };
  Told told_to_central(const Endpoint& local);
  std::optional<Told> outside_now(const Endpoint& local) const;
  std::optional<IpAddress> router_address(const Endpoint& local) const;
  bool cut_off(const Stream& stream, const MediaReport& report) const;
  void end(MediaId id);
  void end_due();

  net::Loop& loop_;
  nat::Relay& relay_;
  Options options_;
  std::vector<MappedPair> mapped_;
  std::size_t next_mapped_ = 0;  ///< the one that goes first: those used last go last
  std::uint64_t unmapped_ = 0, refused_ = 0;
  nat::OutsidePorts* outside_ = nullptr;
  std::optional<Move> move_;
  std::unordered_map<MediaId, Endpoint> lent_;  ///< which pairs of outside_ streams have, until the relay ends them
  std::unordered_map<MediaId, Stream> streams_;
  std::unordered_map<IpAddress, std::size_t, KeyedHash> counts_;  // streams by source_of() the phone
  MediaFeeds feeds_;                                              ///< of streams that linger, too
  std::unordered_map<Endpoint, MediaId> by_central_facing_;
  std::multimap<TimePoint, MediaId> lingering_;
  net::Timer timer_;
  MediaDrops drops_;
  net::Timer look_;
};

}  // namespace dw::proxy
