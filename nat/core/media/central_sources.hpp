#pragma once
#include <memory>
#include <vector>

#include "nat/core/media/port_locks.hpp"
#include "sbc/base/ip_network.hpp"
#include "sbc/base/media_broker.hpp"

namespace dw::nat {

/// Who may always send on the central side: call servers and configured networks. Immutable, shared by streams.
struct AllowedSenders {
  std::vector<IpAddress> servers;
  std::vector<IpNetwork> networks;
  bool contains(const IpAddress& address) const;
  bool in_networks(const IpAddress& address) const;
};

/// Decides who may send to one stream on its central side (sccp §4.2). Allowed are the far end's address, the previous
/// far end's while there is no new one, call servers, and hosts that signalling names: each from one port at a time
/// (PortLocks). Configured networks may send from any port. If signalling has the phone listen but names no source, the
/// first host that sends RTP in order becomes the source, unless one of the others is heard. Knows nothing of the
/// phone's side.
class CentralSources {
 public:
  explicit CentralSources(std::shared_ptr<const AllowedSenders> allowed) : allowed_(std::move(allowed)) {}

  /// Call each time that signalling names the far end.
  void set_far_end(const std::optional<Endpoint>& far_end, const std::optional<Endpoint>& rtcp);
  /// There is no far end now; another host sends in its place.
  void forget_far_end() { far_end_ = {}; }
  void name(const MediaSources& sources);
  /// Whether a packet at the RTP port is accepted; false: a stranger's. Without a header it is not RTP: its source port
  /// then changes nothing, and its sender can't become the source.
  bool takes_rtp(TimePoint now, const Endpoint& from, const std::optional<RtpHeader>& header);
  /// The same while the stream is opaque.
  bool takes_opaque(TimePoint now, const Endpoint& from);
  bool takes_rtcp(TimePoint now, const Endpoint& from, bool valid);

  /// Whether a packet from there could be accepted, now or later.
  bool may_hear(const IpAddress& from) const { return searching_ || entitled(from); }
  bool is_searching() const { return searching_; }

  /// Prefetches the memory that the far end's next RTP packet touches.
  void prefetch() const {
    nat::prefetch(this, &rtp_);
    rtp_.prefetch();
  }

 private:
  bool is_known(TimePoint now, const Endpoint& from, const std::optional<RtpHeader>& header);
  bool entitled(const IpAddress& address) const;
  bool in_networks(const IpAddress& address) const { return allowed_ && allowed_->in_networks(address); }

  IpAddress far_end_;   ///< the last one named
  bool named_ = false;  ///< a far end is set
  bool searching_ = false;
  PortLocks rtp_;
  PortLocks rtcp_{Latch::kRtcpSilence};
  std::shared_ptr<const AllowedSenders> allowed_;
  MediaSources sources_;
  Latch first_;
  std::optional<TimePoint> entitled_heard_;
};

}  // namespace dw::nat
