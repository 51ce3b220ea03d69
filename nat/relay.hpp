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
/// Makes the flow table of a media thread, the `part`th of `parts`. None: that thread does without.
using MakeFlowTable = std::function<std::unique_ptr<FlowTable>(unsigned part, unsigned parts)>;

/// One stream between our own two addresses, before anybody is told of it.
struct StreamRequest {
  IpAddress phone_local, central_local;  ///< where the sockets are bound; never unspecified
  IpAddress phone;                       ///< may latch on the phone side
  /// May send on the central side from the start, beside whom signalling names.
  std::vector<IpAddress> call_servers{};
  std::vector<IpNetwork> networks{};
  bool stated_first = false;  ///< no router stands before the phone: see set_phone
  bool symmetric = false;     ///< the far end is sent to where its RTP comes from, once it came
  /// RTP ports that the router has mapped, the best first: the central side gets one of them if any is free.
  std::vector<std::uint16_t> central_ports{};
};
struct StreamPorts {
  MediaId id = MediaId::none;
  std::uint16_t phone_port = 0, central_port = 0;  ///< RTP; RTCP is the next
};

/// Of all streams since the start.
struct RelayCounts {
  std::uint64_t packets = 0;  ///< that came, but strangers' and what is no RTP or RTCP
  std::uint64_t dropped = 0;  ///< of them: by this box, which was too slow for them
};

struct RelayOptions {
  std::uint16_t first_port = 20000, last_port = 29999;  ///< on each local address
  std::size_t mapped_pairs = 0;  ///< pairs at the beginning of the range, set aside for StreamRequest::central_ports
  unsigned threads = 1;
  int receive_buffer = 128 << 10;  ///< octets of SO_RCVBUF: a burst fits in; what is too old goes by max_age
  /// What waited in a socket of ours for longer is thrown away: overload must not become delay.
  Duration max_age = std::chrono::milliseconds(400);
  /// Toward a latched phone to which nothing was sent for as long, or up to a quarter longer.
  Duration keepalive = std::chrono::seconds(15);
  std::size_t reserved_descriptors = 1024;  ///< of RLIMIT_NOFILE, for the rest of the program
  /// What time it is for latching, keepalives and resting ports; called on every thread. Tests have their
  /// own.
  TimePoint (*clock)() = &Clock::now;
  friend bool operator==(const RelayOptions&, const RelayOptions&) = default;
};

/// Moves packets between the two sides of each stream. The epoll relay is the one that is always there; a
/// faster one in the kernel can stand beside it behind the same face. Every call is on the signalling thread
/// and takes effect for packets that arrive after the relay's own thread has heard of it, in the order of the
/// calls.
class Relay {
 public:
  virtual ~Relay() = default;
  /// Binds the four sockets before it returns. Errc::exhausted when no port pair or descriptor is left,
  /// Errc::invalid for a request without addresses, Errc::system when the sockets can't stand there.
  virtual Result<StreamPorts> open(const StreamRequest& request) = 0;
  /// The phone may latch anew.
  virtual void reopen(MediaId id) = 0;
  /// Where the phone receives, in its own words, when those may be believed (none: they may not). It is sent to there
  /// until it is heard, with StreamRequest::stated_first always.
  virtual void set_phone(MediaId id, const std::optional<Endpoint>& rtp, const std::optional<Endpoint>& rtcp) = 0;
  /// Signalling says that the phone is at another address now (RelaySession::set_phone_address).
  virtual void set_phone_address(MediaId id, const IpAddress& address) = 0;
  /// The central side's destination; none: nowhere. RTCP's: none: the port after RTP's.
  virtual void set_far_end(MediaId id, const std::optional<Endpoint>& far_end, const std::optional<Endpoint>& rtcp) = 0;
  virtual void set_sources(MediaId id, const MediaSources& sources) = 0;
  virtual void set_formats(MediaId id, MediaSide toward, const MediaFormats& formats) = 0;
  /// A router on the central side maps ports of itself and lets in whom we have sent to: packets of our own keep the
  /// way open, toward the far end or, while there is none, toward `anchor` (port 0: nobody).
  virtual void open_way(MediaId id, const Endpoint& anchor) = 0;
  /// What the phone sends goes straight to the other stream's phone, as if it had come in there on the
  /// central side, instead of to the far end; MediaId::none ends that. The streams may live on different
  /// threads. A stream is bridged to by one other at most: the last one. When the other is closed, what the
  /// phone sends goes nowhere until signalling says more.
  virtual void bridge(MediaId id, MediaId other) = 0;
  /// What passes on the RTP ports is not RTP, or is again (RelaySession::set_opaque). A stream that is
  /// bridged to needs it as well.
  virtual void set_opaque(MediaId id, bool opaque) = 0;
  virtual void set_tos(MediaId id, std::uint8_t tos) = 0;
  /// Nothing is sent any more, keepalives neither; what still comes is taken and thrown away. Until close().
  virtual void silence(MediaId id) = 0;
  /// Counters; of what is carried (carry_by) up to a second old. `direct` is left false.
  virtual MediaReport report(MediaId id) const = 0;
  /// The next report() of it is as of now. Waits for the stream's thread if the stream is carried.
  virtual void settle(MediaId id) = 0;
  /// Ends it now; its ports rest (PortPool::kQuarantine) before they are used again.
  virtual void close(MediaId id) = 0;

  /// Other ports, keepalives and reserved descriptors; all else of the options stays. Streams that are open keep
  /// their ports. Errc::invalid, and nothing is changed, for options that can't be; other ports can't be with
  /// mapped_pairs.
  virtual Result<void> configure(const RelayOptions& options) = 0;

  /// From now on plain packets are carried by these tables; none: by sockets only, as at first.
  virtual void carry_by(const MakeFlowTable& make) = 0;
  /// Of the open streams: those with a direction that is carried, or was a second ago.
  virtual std::size_t carried() const = 0;

  virtual std::size_t streams() const = 0;
  /// The most streams that ports and descriptors allow, as far as the requests so far show: a stream whose
  /// two sides have the same address takes two pairs of it.
  virtual std::size_t capacity() const = 0;
  virtual RelayCounts counts() const = 0;
  virtual void append_metrics(MetricsText& out) const = 0;
};

/// The relay on epoll: `threads` threads of its own, one receive and one send a packet. Raises the soft limit
/// of descriptors to the hard one. Errc::invalid for options that can't be, Errc::system when there is no
/// thread.
Result<std::unique_ptr<Relay>> make_epoll_relay(const RelayOptions& options);

}  // namespace dw::nat
