#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "nat/core/stun/stun.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat {

/// One central-side port of a stream behind a router that lets in only hosts that this port has sent to (RFC 4787 §5),
/// and drops a mapping through which nothing leaves. Says when to send a packet of our own, and where: toward the far
/// end as soon as it is known, so that it is heard before the phone speaks, and again when nothing else left for
/// `idle`; toward the anchor while there is no far end. No I/O.
class WayOut {
 public:
  /// A STUN Binding indication (RFC 8489 §3, used as in RFC 8445 §11): nobody answers it, its first octets distinguish
  /// it from RTP and RTCP (RFC 7983), and a receiver without STUN drops it as RTP of version 0.
  using Packet = std::array<std::uint8_t, kStunHeader>;

  /// From now on there is such a router. `anchor` with port 0: nothing is sent while there is no far end.
  void open(const Endpoint& anchor) {
    open_ = true;
    anchor_ = anchor;
  }
  /// The stream's own packet left.
  void sent(TimePoint now, const Endpoint& to) {
    if (!open_) return;
    last_to_ = to;
    last_ = now;
  }
  /// Where to send now, if something is due; counts as sent.
  std::optional<Endpoint> due(TimePoint now, const std::optional<Endpoint>& far_end, Duration idle);
  Packet packet(std::uint64_t stream);

 private:
  bool open_ = false;
  Endpoint anchor_, last_to_;
  TimePoint last_{};
  std::uint32_t packets_ = 0;
};

}  // namespace dw::nat
