#pragma once
#include <memory>
#include <vector>

#include "nat/core/latch.hpp"
#include "sbc/base/ip_network.hpp"
#include "sbc/base/media_broker.hpp"

namespace dw::nat {

/// Who may always send on the central side: call servers and configured networks. Shared by streams, never changed.
struct KnownSources {
  std::vector<IpAddress> servers;
  std::vector<IpNetwork> networks;
  bool contains(const IpAddress& address) const;
};

/// Who may send to one stream on its central side (sccp §4.2): the far end's address, from whatever port, that of the
/// far end before while there is no new one, call servers, who signalling names, networks that a person names. Where
/// signalling has the phone listen and names nobody, the first that sends RTP in order becomes the source, unless
/// somebody of the others is heard. Says nothing of the phone's side.
class CentralSources {
 public:
  explicit CentralSources(std::shared_ptr<const KnownSources> known) : known_(std::move(known)) {}

  void set_far_end(const std::optional<Endpoint>& far_end);
  /// There is none, and somebody else sends in its place.
  void forget_far_end() { far_end_ = {}; }
  void name(const MediaSources& sources);
  /// Whether it is a stranger's. `header`: none for RTCP and what is not RTP, which nobody becomes the source by.
  bool may_send(TimePoint now, const Endpoint& from, const std::optional<RtpHeader>& header);

 private:
  bool entitled(const IpAddress& address) const;

  std::shared_ptr<const KnownSources> known_;
  IpAddress far_end_;  ///< the last that was named
  MediaSources sources_;
  bool named_ = false;  ///< there is a far end
  bool searching_ = false;
  Latch first_;
  std::optional<TimePoint> entitled_heard_;
};

}  // namespace dw::nat
