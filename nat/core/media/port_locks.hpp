#pragma once
#include <array>
#include <optional>

#include "nat/core/media/latch.hpp"
#include "nat/core/media/prefetch.hpp"

namespace dw::nat {

/// From which port each host of the central side sends, once it was heard: then another port of that address is a
/// stranger's, by the rules of Latch, until signalling speaks or the host was silent. The port that signalling
/// names counts more than any other. It tells ports apart, not hosts: whose address may send is CentralSources'
/// business. RTP and RTCP have one each.
class PortLocks {
 public:
  static constexpr std::size_t kHosts =
      4;  ///< of more, those unheard for longest go; never the one that was named last

  explicit PortLocks(Latch::Silence silence = Latch::kSilence) { hosts_.fill(Latch(silence)); }

  /// Signalling names the far end's port, or that there is none: all may move.
  void name(const std::optional<Endpoint>& named);
  void reopen();
  /// False: from another port than its host's.
  bool takes(TimePoint now, const Endpoint& from, const RtpHeader& header);
  /// RTCP, and what is not RTP.
  bool takes(TimePoint now, const Endpoint& from);
  /// Asks for the memory that the named one's next packet will touch.
  void prefetch() const { nat::prefetch(this, &hosts_[1]); }

 private:
  /// Takes it as the named one.
  bool is_named(TimePoint now, const Endpoint& from);
  Latch& of(const IpAddress& address);

  std::optional<Endpoint> named_;
  std::array<Latch, kHosts> hosts_;  ///< the first is the one that was named last
};

}  // namespace dw::nat
