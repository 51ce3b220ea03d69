#pragma once
#include <array>
#include <optional>

#include "nat/core/media/latch.hpp"
#include "nat/core/media/prefetch.hpp"

namespace dw::nat {

/// The port from which each host of the central side sends. Once a host is heard, packets from its other ports are a
/// stranger's, by the rules of Latch, until signalling speaks or the host falls silent. The port that signalling names
/// takes precedence. Only looks at ports: which addresses may send is decided by CentralSources. One object for RTP and
/// one for RTCP.
class PortLocks {
 public:
  /// Beyond these, the host silent for longest is evicted; never the named one.
  static constexpr std::size_t kHosts = 4;

  explicit PortLocks(Latch::Silence silence = Latch::kSilence) { hosts_.fill(Latch(silence)); }

  /// Signalling names the far end's endpoint, or none: every host may move to another port.
  void name(const std::optional<Endpoint>& named);
  void reopen();
  /// False: the packet is not from the port of its host.
  bool takes(TimePoint now, const Endpoint& from, const RtpHeader& header);
  /// The same for RTCP and for packets that are not RTP.
  bool takes(TimePoint now, const Endpoint& from);
  /// Prefetches the memory that the named host's next packet touches.
  void prefetch() const { nat::prefetch(this, &hosts_[1]); }

 private:
  /// True: the packet is from the named endpoint, which is locked now.
  bool is_named(TimePoint now, const Endpoint& from);
  Latch& of(const IpAddress& address);

  std::optional<Endpoint> named_;
  std::array<Latch, kHosts> hosts_;  ///< the first is for the host that was named last
};

}  // namespace dw::nat
