#pragma once
#include <cstdint>
#include <functional>
#include <string_view>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"

namespace dw {

/// What one end of ours said or heard: a datagram, or a piece of a stream. Views: good for the call. `fetch` is no
/// packet: `octets` is a line about a file that was asked of an origin for `phone`, and there are no endpoints.
struct WireRecord {
  enum class Protocol : std::uint8_t { tftp, http, sccp, sip, fetch };
  enum class Side : std::uint8_t { phone, central };
  Protocol protocol{};
  Side side{};
  bool sent = false;    ///< by us
  bool stream = false;  ///< TCP, else UDP
  Endpoint local, peer;
  IpAddress phone;          ///< on the central side whom it is for, where that is known
  std::string_view device;  ///< its name, where that is known
  Bytes octets;
};

/// Where the servers tell what passes, for whoever looks at it. While nobody does it is one branch:
/// `if (tap.on()) tap.tell(…)`. On the loop's thread.
class WireTap {
 public:
  using Listener = std::function<void(const WireRecord&)>;
  static const WireTap& nobody() {
    static const WireTap none;
    return none;
  }
  bool on() const { return static_cast<bool>(listener_); }
  void tell(const WireRecord& record) const { listener_(record); }
  void set(Listener listener) { listener_ = std::move(listener); }

 private:
  Listener listener_;
};

}  // namespace dw
