#pragma once
#include <cstdint>
#include <optional>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/result.hpp"
#include "sbc/base/time.hpp"

namespace dw {

/// One relayed stream, for as long as it is open: two UDP port pairs (RTP even, RTCP the next), one that the
/// phone reaches and one that the central side reaches. Never used twice.
enum class MediaId : std::uint64_t { none = 0 };

/// Who the stream is for, and between which of our own addresses.
struct MediaRequest {
  IpAddress phone;         ///< the phone's address as its signalling shows it: it alone may latch
  IpAddress phone_side;    ///< our address that the phone reaches: the sockets stand there
  IpAddress central_side;  ///< our address that the central side reaches
  IpAddress call_server;   ///< may send to us beside the far end that it names, none: only that one
  IpAddress phone_says{};  ///< the phone's address in its own words: another one when a router changed it
};

/// As they are to be told to either side (advertised addresses).
struct MediaPorts {
  MediaId id = MediaId::none;
  Endpoint phone_facing;
  Endpoint central_facing;
};

/// What passed in one direction.
struct MediaFlow {
  std::uint64_t packets = 0, octets = 0;  ///< accepted RTP, and what was opaque; octets of UDP payload
  std::uint64_t lost = 0, reordered = 0;  ///< RFC 3550 §6.4.1, A.3; of RTP alone
  Duration jitter{};                      ///< RFC 3550 A.8, at 8,000 Hz
  std::optional<TimePoint> first, last;
  std::uint8_t payload_type = 0;
};

/// What is known of a stream now.
struct MediaReport {
  MediaFlow from_phone, from_central;
  std::optional<Endpoint> phone;    ///< where its packets come from, once it is latched
  std::optional<Endpoint> far_end;  ///< where they go
  std::uint64_t strangers = 0;      ///< packets dropped because of where they came from, both sides
  bool direct = false;              ///< the phone was told its far end's own address: nothing passes here
};

/// How a stream ends.
enum class MediaEnd : std::uint8_t {
  closed,  ///< by signalling: nothing passes any more, and for a moment what is under way is thrown away
  lost,    ///< its signalling was lost: it goes on for a moment, as a phone keeps its call for that long
};

/// What signalling asks of the media relay. All of it is on the signalling thread, answers at once, and calls
/// nothing back. An id that is not open is ignored.
class MediaBroker {
 public:
  virtual ~MediaBroker() = default;

  /// The sockets are bound when this returns. Errc::exhausted when there are no ports or descriptors left.
  virtual Result<MediaPorts> open(const MediaRequest& request) = 0;
  /// Signalling opened the same stream again: the phone may latch anew.
  virtual void reopen(MediaId id) = 0;
  /// Where the phone says that it receives: a private address most often. Never a destination by itself;
  /// tells a phone on the same LAN where to send.
  virtual void set_phone_stated(MediaId id, const Endpoint& stated) = 0;
  /// Where the phone's packets are to go, as the central side says; none: nowhere for now. Returns what the
  /// phone is to be told: our phone-facing endpoint, or another phone's own when both may talk directly.
  virtual Endpoint set_far_end(MediaId id, const std::optional<Endpoint>& far_end) = 0;
  /// From now on what passes is not RTP (T.38 by UDPTL, DTLS), or is again. The far end and where the phone
  /// is stay known.
  virtual void set_opaque(MediaId id, bool opaque) = 0;
  /// The type-of-service octet of what is sent (RFC 2474: DSCP in the upper six bits), both ways.
  virtual void set_tos(MediaId id, std::uint8_t tos) = 0;
  virtual MediaReport report(MediaId id) const = 0;
  /// Ends it; the ports rest before they are used again.
  virtual void close(MediaId id, MediaEnd end) = 0;
};

}  // namespace dw
