#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/ip_network.hpp"
#include "sbc/base/media_broker.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/base/result.hpp"

namespace dw::nat {

class FlowTable;
/// Makes the flow table of media thread number `part` of `parts`. Null: that thread uses sockets only.
using MakeFlowTable = std::function<std::unique_ptr<FlowTable>(unsigned part, unsigned parts)>;

/// One stream between two local addresses, before either side knows of it.
struct StreamRequest {
  IpAddress phone_local, central_local;  ///< where the sockets are bound; never unspecified
  IpAddress phone;                       ///< the only address that may latch on the phone side
  /// May send on the central side from the start, in addition to the hosts that signalling names.
  std::vector<IpAddress> call_servers{};
  std::vector<IpNetwork> networks{};
  bool stated_first = false;  ///< no router stands in front of the phone: see set_phone
  bool symmetric = false;     ///< RTP goes to where the far end's RTP comes from, once it has been heard
  /// RTP ports that the router has mapped, best first: the central side gets the first one that is free.
  std::vector<std::uint16_t> central_ports{};
};
struct StreamPorts {
  MediaId id = MediaId::none;
  std::uint16_t phone_port = 0, central_port = 0;  ///< RTP; RTCP is the next port
};

/// Of all streams since the start.
struct RelayCounts {
  std::uint64_t packets = 0;  ///< received, without those from strangers and those that are not RTP or RTCP
  std::uint64_t dropped = 0;  ///< of these, dropped because this box was too slow
};

struct RelayOptions {
  std::uint16_t first_port = 20000, last_port = 29999;  ///< on each local address
  std::size_t mapped_pairs = 0;  ///< at the beginning of the range, reserved for StreamRequest::central_ports
  unsigned threads = 1;
  int receive_buffer = 128 << 10;  ///< octets of SO_RCVBUF: holds a burst; max_age limits the delay
  /// A packet that waited longer in our socket is dropped: overload must not become delay.
  Duration max_age = std::chrono::milliseconds(400);
  /// Keepalives go to a latched phone to which nothing was sent for this long, or up to a quarter longer.
  Duration keepalive = std::chrono::seconds(15);
  std::size_t reserved_descriptors = 1024;  ///< of RLIMIT_NOFILE, for other parts of the program
  /// The clock for latching, keepalives and the quarantine of ports; called on every thread. Tests replace it.
  TimePoint (*clock)() = &Clock::now;
  friend bool operator==(const RelayOptions&, const RelayOptions&) = default;
};

/// Moves packets between the two sides of each stream. The relay on epoll always exists; one in the kernel can stand
/// beside it behind the same interface. All calls are on the signalling thread, and take effect in order, for packets
/// that arrive after the media thread has carried them out.
class Relay {
 public:
  virtual ~Relay() = default;
  /// Binds the four sockets before it returns. Errc::exhausted when no port pair or descriptor is left, Errc::invalid
  /// for a request without addresses, Errc::system when the sockets can't be bound.
  virtual Result<StreamPorts> open(const StreamRequest& request) = 0;
  /// The phone may latch again.
  virtual void reopen(MediaId id) = 0;
  /// Where the phone says that it receives, if that can be trusted (nothing: it can't). Packets go there until the
  /// phone is heard; with StreamRequest::stated_first always.
  virtual void set_phone(MediaId id, const std::optional<Endpoint>& rtp, const std::optional<Endpoint>& rtcp) = 0;
  /// Signalling says that the phone has moved to another address (RelaySession::set_phone_address).
  virtual void set_phone_address(MediaId id, const IpAddress& address) = 0;
  /// The central side's destination. Nothing: none. `rtcp` nothing: the port after RTP's.
  virtual void set_far_end(MediaId id, const std::optional<Endpoint>& far_end, const std::optional<Endpoint>& rtcp) = 0;
  virtual void set_sources(MediaId id, const MediaSources& sources) = 0;
  virtual void set_formats(MediaId id, MediaSide toward, const MediaFormats& formats) = 0;
  /// A router on the central side maps ports by itself and lets in only hosts that we have sent to: packets of our own
  /// keep the way open, toward the far end or, while there is none, toward `anchor` (port 0: not sent).
  virtual void open_way(MediaId id, const Endpoint& anchor) = 0;
  /// Sends the phone's packets directly to the other stream's phone, as if they had come in on that stream's central
  /// side, and not to the far end. MediaId::none ends that. The streams may be on different threads. Only one stream
  /// can be bridged to another at a time: the last one. When the other stream is closed, the phone's packets are
  /// dropped until signalling says where they go.
  virtual void bridge(MediaId id, MediaId other) = 0;
  /// From now on the RTP ports carry something other than RTP, or RTP again (RelaySession::set_opaque). Call it for
  /// both streams of a bridge.
  virtual void set_opaque(MediaId id, bool opaque) = 0;
  virtual void set_tos(MediaId id, std::uint8_t tos) = 0;
  /// Stops sending, keepalives too; packets that still arrive are dropped. Until close().
  virtual void silence(MediaId id) = 0;
  /// Counters. For a stream that is carried (carry_by) up to a second old. `direct` is left false.
  virtual MediaReport report(MediaId id) const = 0;
  /// Makes the next report() up to date. Blocks for the stream's media thread if the stream is carried.
  virtual void settle(MediaId id) = 0;
  /// Closes it now. Its ports stay in quarantine (PortPool::kQuarantine) before they are used again.
  virtual void close(MediaId id) = 0;

  /// Changes ports, keepalive and reserved descriptors; the other options stay. Open streams keep their ports.
  /// Errc::invalid, and nothing is changed, for options that make no sense, and for other ports while mapped_pairs is
  /// set.
  virtual Result<void> configure(const RelayOptions& options) = 0;

  /// From now on plain packets are carried by these flow tables. Empty: by sockets only, as at the start.
  virtual void carry_by(const MakeFlowTable& make) = 0;
  /// How many open streams have a direction that is carried, or was within the last second.
  virtual std::size_t carried() const = 0;

  virtual std::size_t streams() const = 0;
  /// The most streams that ports and descriptors allow, judged by the requests so far: a stream with the same address
  /// on both sides takes two port pairs of it.
  virtual std::size_t capacity() const = 0;
  virtual RelayCounts counts() const = 0;
  virtual void append_metrics(MetricsText& out) const = 0;
};

/// The relay on epoll: `threads` media threads, one receive and one send a packet. Raises the soft limit of descriptors
/// to the hard one. Errc::invalid for options that make no sense, Errc::system when no thread can be made.
Result<std::unique_ptr<Relay>> make_epoll_relay(const RelayOptions& options);

}  // namespace dw::nat
