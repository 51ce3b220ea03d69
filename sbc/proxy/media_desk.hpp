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

/// The media relay as signalling sees it. Chooses the addresses to advertise to either side, bridges the streams of
/// two phones that are both behind this Dropwire, lets them talk directly when both are on our own LAN, and keeps
/// a closed stream for as long as packets may still be on their way. On the loop's thread; the relay must outlive
/// it. More than 30 methods: it is the whole MediaBroker, and a mapping, a bridge or a moved router change one table.
class MediaDesk final : public MediaBroker {
 public:
  struct Options {
    bool local = false;  ///< two phones whose addresses no router changed get each other's
    /// Phones are on a LAN of ours: media for a phone whose address no router changed goes to the port that it states,
    /// whatever port it sends from.
    bool lan = false;
    bool symmetric = false;          ///< send to the far end where its RTP comes from
    std::vector<IpNetwork> sources;  ///< further senders on the central side
    std::optional<IpAddress> phone_advertise,
        central_advertise;            ///< else the address that the sockets are bound to
    std::optional<std::uint8_t> tos;  ///< always this one; none: as the call server asks
    /// How long a stream keeps its ports after it was closed or lost (sccp §4.2, §4.4).
    Duration after_closed = std::chrono::seconds(5), after_lost = std::chrono::seconds(10);
    friend bool operator==(const Options&, const Options&) = default;
  };
  /// An RTP port of ours that the router has mapped, and the RTCP port after it.
  struct MappedPair {
    Endpoint local, external;
    std::optional<Endpoint> rtcp{};  ///< external; none: the port after `external`'s
    friend bool operator==(const MappedPair&, const MappedPair&) = default;
  };
  MediaDesk(net::Loop& loop, nat::Relay& relay, const Options& options);
  ~MediaDesk() override;
  /// Applies to streams that are opened from now on.
  void configure(const Options& options) { options_ = options; }

  /// The ports that the home's router has mapped. New streams get them while there are free ones, and the central side
  /// gets their external addresses. Unused while `central_advertise` is set.
  void set_mapped(std::vector<MappedPair> pairs);
  bool has_mapped() const { return !mapped_.empty(); }
  std::uint64_t unmapped() const { return unmapped_; }  ///< streams that found no free mapped port
  /// Far ends that were refused: a port of ours without a stream, or this machine itself.
  std::uint64_t refused() const { return refused_; }
  /// What the relay counted in the last five minutes.
  nat::RelayCounts lately() const { return drops_.lately(relay_.counts()); }
  void append_metrics(MetricsText& out) const;
  /// Port pairs that are used while the router has mapped none, and where they are seen from outside. Outlives this.
  void set_outside(nat::OutsidePorts* outside) { outside_ = outside; }
  /// The address of the router may have changed: streams whose central side has the old one are checked.
  void outside_changed();
  /// The last change of the router's address that cut streams off: nothing has come from the central side since.
  /// A server that sends to where audio comes from is not affected.
  struct Move {
    IpAddress was, is;
    TimePoint at{};                    ///< when it was noticed
    std::size_t streams = 0;           ///< cut off now
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
  void settle(MediaId id) override { relay_.settle(id); }
  void close(MediaId id, MediaEnd end) override;

 private:
  struct Stream {
    MediaRequest request;
    MediaPorts ports;
    Endpoint central;                ///< where the central-facing RTP socket is bound
    std::vector<Endpoint> former;    ///< central-facing addresses that were advertised before
    std::optional<TimePoint> moved;  ///< since when the router no longer has the advertised address
    std::optional<Endpoint> stated, stated_rtcp;
    std::optional<Endpoint> far_end, far_end_rtcp;  ///< not one of our own streams
    MediaId other = MediaId::none;                  ///< our own stream that is its far end
    bool direct = false;                            ///< its phone has the other phone's own address
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
  struct Advertised {
    Endpoint rtp;
    std::optional<Endpoint> rtcp;  ///< none: the next port
  };
  Advertised advertised(const Endpoint& local);
  std::optional<Advertised> outside_now(const Endpoint& local) const;
  std::optional<IpAddress> router_address(const Endpoint& local) const;
  bool cut_off(const Stream& stream, const MediaReport& report) const;
  void end(MediaId id);
  void end_due();

  net::Loop& loop_;
  nat::Relay& relay_;
  Options options_;
  std::vector<MappedPair> mapped_;
  std::size_t next_mapped_ = 0;  ///< where the search begins: those used most recently come last
  std::uint64_t unmapped_ = 0, refused_ = 0;
  nat::OutsidePorts* outside_ = nullptr;
  std::optional<Move> move_;
  std::unordered_map<MediaId, Endpoint> lent_;  ///< pairs of outside_ in use, until the relay ends them
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
