#pragma once
#include <cstdint>
#include <functional>
#include <string_view>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"

namespace dw {

/// A datagram, or a piece of a stream, that one of our sockets sent or received. Its views are valid during the call.
/// `fetch` is no packet: `octets` is a line about a file requested from an origin for `phone`, without endpoints.
struct WireRecord {
  enum class Protocol : std::uint8_t { tftp, http, sccp, sip, fetch };
  enum class Side : std::uint8_t { phone, central };
  Protocol protocol{};
  Side side{};
  bool sent = false;    ///< by us
  bool stream = false;  ///< TCP, else UDP
  Endpoint local, peer;
  IpAddress phone;          ///< on the central side: the phone it is for, if known
  std::string_view device;  ///< the phone's device name, if known
  Bytes octets;
};

/// Where servers report their traffic to whoever traces it. Costs one branch while nobody does: `if (tap.on())
/// tap.tell(…)`. On the loop's thread.
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
