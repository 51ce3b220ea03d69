#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/result.hpp"
#include "sbc/base/time.hpp"

namespace dw {

/// One relayed stream while it is open: two UDP port pairs (RTP on an even port, RTCP on the next), one toward
/// the phone and one toward the central side. An id is never reused.
enum class MediaId : std::uint64_t { none = 0 };

/// Who the stream is for, and between which of our own addresses.
struct MediaRequest {
  IpAddress phone;                         ///< the source address of the phone's signalling: only this one may latch
  IpAddress phone_side;                    ///< our address toward the phone, to which its sockets are bound
  IpAddress central_side;                  ///< our address toward the central side
  IpAddress call_server;                   ///< may send to us besides the far end; none: only the far end may
  IpAddress phone_says{};                  ///< the address that the phone states; a router may have changed it
  std::vector<IpAddress> other_servers{};  ///< call servers of the same protocol: they may send to us too
};

enum class MediaSide : std::uint8_t { phone, central };

/// What one RTP payload type is (RFC 3551, a=rtpmap).
struct MediaFormat {
  enum class Kind : std::uint8_t {
    media,          ///< voice or picture
    event,          ///< telephone events (RFC 4733)
    comfort_noise,  ///< RFC 3389
    nse,            ///< Cisco's named signalling events, which its gateways send for modems and fax
  };
  std::uint8_t payload_type = 0;
  std::uint32_t clock_rate = 0;  ///< Hz; 0: not known
  Kind kind = Kind::media;
  friend bool operator==(const MediaFormat&, const MediaFormat&) = default;
};
using MediaFormats = std::vector<MediaFormat>;
inline constexpr std::size_t kMaxMediaFormats = 64;

/// Who may send on the central side besides the far end and the call servers, according to signalling.
struct MediaSources {
  static constexpr std::size_t kMaxNamed = 8;
  std::vector<IpAddress> named;  ///< more than kMaxNamed are left out
  /// Signalling makes the phone listen without naming a sender: while there is no far end, the first source that
  /// sends RTP in order is accepted and stays.
  bool first_comer = false;
};

/// The addresses to advertise to each side.
struct MediaPorts {
  MediaId id = MediaId::none;
  Endpoint phone_facing;
  Endpoint central_facing;
  /// Where the central side reaches our RTCP, if not at the port after central_facing's.
  std::optional<Endpoint> central_rtcp{};
};

/// Figures for one direction: what one side sent, and how much of it reached the other.
struct MediaFlow {
  std::uint64_t packets = 0, octets = 0;  ///< accepted RTP or opaque packets that arrived; octets of UDP payload
  std::uint64_t audio = 0;                ///< those of `packets` with content: no keepalives, no comfort noise
  std::uint64_t delivered = 0;            ///< packets sent on to the other side
  std::uint64_t lost = 0, reordered = 0;  ///< on the way to us (RFC 3550 §6.4.1, A.3); RTP only
  std::uint64_t dropped = 0;              ///< by this box, because it was too busy
  std::optional<Duration> jitter;         ///< RFC 3550 A.8; none: the clock rate is not known
  std::optional<TimePoint> first, last;   ///< of `packets`
  std::optional<TimePoint> heard;         ///< the last valid packet, RTCP included, except keepalives
  /// The longest time in which audio arrived for the other side, but none of it could be sent there.
  Duration undelivered{};
  std::uint8_t payload_type = 0;

  /// Nothing when no audio came: then the loss is not known.
  std::optional<double> loss_percent() const {
    const std::uint64_t expected = packets + lost;
    if (audio == 0) return std::nullopt;
    return 100.0 * static_cast<double>(lost) / static_cast<double>(expected);
  }
};
/// A longer time without delivery is a fault and not just the start of a stream.
inline constexpr Duration kUndelivered = std::chrono::seconds(3);

/// The current state of a stream.
struct MediaReport {
  MediaFlow from_phone, from_central;
  std::optional<Endpoint> phone;    ///< where its packets come from, once it is latched
  std::optional<Endpoint> far_end;  ///< where they are sent
  std::uint64_t strangers = 0;      ///< packets dropped because of their source, on both sides
  bool direct = false;              ///< the phone has its far end's own address: nothing passes here
  /// The router lost the address that the central side has, and the central side has not been heard since.
  bool router_moved = false;
};

/// How a stream ends.
enum class MediaEnd : std::uint8_t {
  closed,  ///< by signalling: nothing passes any more; packets still on their way are discarded for a moment
  lost,    ///< its signalling was lost: it continues for a moment, as a phone keeps its call for that long
};

/// The media relay's interface for signalling. All functions run on the signalling thread, return at once, and have
/// no callbacks. Ids that are not open are ignored.
class MediaBroker {
 public:
  virtual ~MediaBroker() = default;

  /// The sockets are bound when this returns. Errc::exhausted if no ports or descriptors are left.
  virtual Result<MediaPorts> open(const MediaRequest& request) = 0;
  /// The ports to advertise from now on, as the router's address may have changed since open(). Empty for an id that is
  /// not open.
  virtual MediaPorts ports(MediaId id) = 0;
  /// Signalling opened the same stream again: the phone may latch again.
  virtual void reopen(MediaId id) = 0;
  /// Where the phone states that it receives, most often a private address. If that is the source address of its
  /// signalling, media is sent there until the phone is heard. Any other address is only given to phones on the same
  /// LAN, to send there directly. RTCP uses the next port, until set_rtcp() says otherwise.
  virtual void set_phone_stated(MediaId id, const Endpoint& stated) = 0;
  /// The phone registered at another address during its call. As that may be forged, the stream moves only once RTP
  /// with the phone's SSRC comes from there, or at once if nothing was heard on it yet.
  virtual void set_phone(MediaId id, const IpAddress& address) = 0;
  /// The destination of the phone's packets, as the central side states it; none: nowhere for now. Returns the
  /// endpoint for the phone: our phone-facing one, or another phone's own if both may talk directly.
  /// RTCP uses the next port, until set_rtcp() says otherwise.
  virtual Endpoint set_far_end(MediaId id, const std::optional<Endpoint>& far_end) = 0;
  /// Where that side receives RTCP, if it states it (a=rtcp, RFC 3605); none: at the port after RTP's.
  virtual void set_rtcp(MediaId id, MediaSide side, const std::optional<Endpoint>& rtcp) = 0;
  /// Replaces the earlier ones.
  virtual void set_sources(MediaId id, const MediaSources& sources) = 0;
  /// The payload types in packets toward that side, beyond those that RFC 3551 defines.
  virtual void set_formats(MediaId id, MediaSide toward, const MediaFormats& formats) = 0;
  /// Whether the packets are from now on not RTP (T.38 by UDPTL, DTLS). The far end and the phone's address are
  /// kept.
  virtual void set_opaque(MediaId id, bool opaque) = 0;
  /// The type-of-service octet of sent packets (RFC 2474: DSCP in the upper six bits), both ways.
  virtual void set_tos(MediaId id, std::uint8_t tos) = 0;
  /// May be up to a second old.
  virtual MediaReport report(MediaId id) const = 0;
  /// The next report() of it is as of now: for figures that are kept.
  virtual void settle(MediaId id) = 0;
  /// Ends it; its ports are not reused at once.
  virtual void close(MediaId id, MediaEnd end) = 0;
};

}  // namespace dw
