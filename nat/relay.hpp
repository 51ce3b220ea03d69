#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/media_broker.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/base/result.hpp"

namespace dw::nat {

/// One stream between our own two addresses, before anybody is told of it.
struct StreamRequest {
  IpAddress phone_local, central_local;  ///< where the sockets are bound; never unspecified
  IpAddress phone;                       ///< may latch on the phone side
  IpAddress call_server;                 ///< may send on the central side from the start; none: nobody yet
};
struct StreamPorts {
  MediaId id = MediaId::none;
  std::uint16_t phone_port = 0, central_port = 0;  ///< RTP; RTCP is the next
};

/// Moves packets between the two sides of each stream. The epoll relay is the one that is always there; a
/// faster one in the kernel can stand beside it behind the same face. Every call is on the signalling thread
/// and takes effect for packets that arrive after the relay's own thread has heard of it, in the order of the
/// calls.
class Relay {
 public:
  virtual ~Relay() = default;
  /// Binds the four sockets before it returns. Errc::exhausted when no port pair or descriptor is left.
  virtual Result<StreamPorts> open(const StreamRequest& request) = 0;
  virtual void reopen(MediaId id) = 0;  ///< the phone may latch anew
  virtual void set_far_end(MediaId id,
                           const std::optional<Endpoint>& far_end) = 0;  ///< central side's destination
  /// What the phone sends goes straight to the other stream's phone, as if it had come in there on the
  /// central side; MediaId::none ends that. The streams may live on different threads.
  virtual void bridge(MediaId id, MediaId other) = 0;
  virtual void set_tos(MediaId id, std::uint8_t tos) = 0;
  /// Counters as of now; `direct` is left false.
  virtual MediaReport report(MediaId id) const = 0;
  /// Ends it now; its ports rest (PortPool::kQuarantine) before they are used again.
  virtual void close(MediaId id) = 0;

  virtual std::size_t streams() const = 0;
  virtual std::size_t capacity() const = 0;  ///< the most streams that ports and descriptors allow
  virtual void append_metrics(MetricsText& out) const = 0;
};

struct RelayOptions {
  std::uint16_t first_port = 20000, last_port = 29999;
  unsigned threads = 1;
  int receive_buffer = 16 << 10;  ///< octets of SO_RCVBUF: overload must not become delay
  Duration keepalive =
      std::chrono::seconds(15);  ///< toward a latched phone to which nothing was sent for as long
};

/// The relay on epoll: `threads` threads of its own, one receive and one send a packet.
Result<std::unique_ptr<Relay>> make_epoll_relay(const RelayOptions& options);

}  // namespace dw::nat
