#pragma once
#include <memory>
#include <vector>

#include "nat/core/media/port_locks.hpp"
#include "sbc/base/ip_network.hpp"
#include "sbc/base/media_broker.hpp"

namespace dw::nat {

/// Who may always send on the central side: call servers and configured networks. Shared by streams, never changed.
struct AllowedSenders {
  std::vector<IpAddress> servers;
  std::vector<IpNetwork> networks;
  bool contains(const IpAddress& address) const;
  bool in_networks(const IpAddress& address) const;
};

/// Who may send to one stream on its central side (sccp §4.2): the far end's address, that of the far end before while
/// there is no new one, call servers, who signalling names, each from one port at a time (PortLocks); networks that a
/// person names, from whatever port. Where signalling has the phone listen and names nobody, the first that sends RTP
/// in order becomes the source, unless somebody of the others is heard. Says nothing of the phone's side.
class CentralSources {
 public:
  explicit CentralSources(std::shared_ptr<const AllowedSenders> allowed) : allowed_(std::move(allowed)) {}

  /// As signalling names it, each time that it does.
  void set_far_end(const std::optional<Endpoint>& far_end, const std::optional<Endpoint>& rtcp);
  /// There is none, and somebody else sends in its place.
  void forget_far_end() { far_end_ = {}; }
  void name(const MediaSources& sources);
  /// What comes at the RTP port: false when it is a stranger's. Without a header, as it is no RTP, its port shows
  /// nothing and changes nothing, and nobody becomes the source by it.
  bool takes_rtp(TimePoint now, const Endpoint& from, const std::optional<RtpHeader>& header);
  /// At the RTP port, while what passes is not RTP.
  bool takes_opaque(TimePoint now, const Endpoint& from);
  bool takes_rtcp(TimePoint now, const Endpoint& from, bool valid);

  /// Whether anything from there could be more than a stranger's, now or later.
  bool may_hear(const IpAddress& from) const { return searching_ || entitled(from); }
  bool is_searching() const { return searching_; }

  /// Asks for the memory that the far end's next RTP will touch.
  void prefetch() const {
    nat::prefetch(this, &rtp_);
    rtp_.prefetch();
  }

 private:
  bool is_known(TimePoint now, const Endpoint& from, const std::optional<RtpHeader>& header);
  bool entitled(const IpAddress& address) const;
  bool in_networks(const IpAddress& address) const { return allowed_ && allowed_->in_networks(address); }

  IpAddress far_end_;   ///< the last that was named
  bool named_ = false;  ///< there is a far end
  bool searching_ = false;
  PortLocks rtp_;
  PortLocks rtcp_{Latch::kRtcpSilence};
  std::shared_ptr<const AllowedSenders> allowed_;
  MediaSources sources_;
  Latch first_;
  std::optional<TimePoint> entitled_heard_;
};

}  // namespace dw::nat
