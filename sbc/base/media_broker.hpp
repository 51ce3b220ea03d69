#pragma once
#include <cstdint>
#include <optional>
#include <vector>

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
  std::vector<IpAddress> other_servers{};  ///< call servers of the same protocol: they may send to us as well
};

enum class MediaSide : std::uint8_t { phone, central };

/// What one RTP payload type is (RFC 3551, a=rtpmap).
struct MediaFormat {
  enum class Kind : std::uint8_t {
    media,          ///< voice or picture
    event,          ///< telephone events (RFC 4733)
    comfort_noise,  ///< RFC 3389
    nse,            ///< Cisco's named signalling events: how its gateways tell each other of modems and fax
  };
  std::uint8_t payload_type = 0;
  std::uint32_t clock_rate = 0;  ///< Hz; 0: not known
  Kind kind = Kind::media;
  friend bool operator==(const MediaFormat&, const MediaFormat&) = default;
};
using MediaFormats = std::vector<MediaFormat>;
inline constexpr std::size_t kMaxMediaFormats = 64;

/// Who may send on the central side beside the far end and the call servers, as signalling shows.
struct MediaSources {
  static constexpr std::size_t kMaxNamed = 8;
  std::vector<IpAddress> named;  ///< more than kMaxNamed are left out
  /// The phone is told to listen and nobody says to whom: for as long as there is no far end, the first that
  /// sends RTP in order may, and goes on to.
  bool first_comer = false;
};

/// As they are to be told to either side (advertised addresses).
struct MediaPorts {
  MediaId id = MediaId::none;
  Endpoint phone_facing;
  Endpoint central_facing;
  std::optional<Endpoint>
      central_rtcp{};  ///< where it reaches our RTCP, when that is not the port after central_facing's
};

/// What came from one side, and what of it reached the other.
struct MediaFlow {
  std::uint64_t packets = 0, octets = 0;  ///< that arrived: accepted RTP, and what was opaque; octets of UDP payload
  std::uint64_t audio = 0;      ///< of `packets`: with something in them to hear or see, no keepalive, no comfort noise
  std::uint64_t delivered = 0;  ///< packets sent on to the other side
  std::uint64_t lost = 0, reordered = 0;  ///< on the way to us (RFC 3550 §6.4.1, A.3); of RTP alone
  std::uint64_t dropped = 0;              ///< by this box, which was too busy for them
  std::optional<Duration> jitter;         ///< RFC 3550 A.8; none: not measured, as the clock rate is not known
  std::optional<TimePoint> first, last;   ///< of `packets`
  std::optional<TimePoint> heard;         ///< anything valid but keepalives, RTCP included
  /// The longest time in which audio came, was to go to the other side, and none of it could be sent there.
  Duration undelivered{};
  std::uint8_t payload_type = 0;

  /// Nothing can be said of loss when no audio came.
  std::optional<double> loss_percent() const {
    const std::uint64_t expected = packets + lost;
    if (audio == 0) return std::nullopt;
    return 100.0 * static_cast<double>(lost) / static_cast<double>(expected);
  }
};
/// As long as this without delivery is a fault, not a beginning.
inline constexpr Duration kUndelivered = std::chrono::seconds(3);

/// What is known of a stream now.
struct MediaReport {
  MediaFlow from_phone, from_central;
  std::optional<Endpoint> phone;    ///< where its packets come from, once it is latched
  std::optional<Endpoint> far_end;  ///< where they go
  std::uint64_t strangers = 0;      ///< packets dropped because of where they came from, both sides
  bool direct = false;              ///< the phone was told its far end's own address: nothing passes here
  bool router_moved =
      false;  ///< the central side was told an address that the router has no more, and is not heard since
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
  /// What either side is to be told from now on: since it was opened, the router may have another address. An id that
  /// is not open gives none.
  virtual MediaPorts ports(MediaId id) = 0;
  /// Signalling opened the same stream again: the phone may latch anew.
  virtual void reopen(MediaId id) = 0;
  /// Where the phone says that it receives: a private address most often. When it is the address that its signalling
  /// comes from, the phone is sent to there until it is heard; another one is never a destination by itself, and
  /// tells a phone on the same LAN where to send. RTCP's is the next port, until set_rtcp() says otherwise.
  virtual void set_phone_stated(MediaId id, const Endpoint& stated) = 0;
  /// The phone registered at another address while its call goes on. Who says so need not be the phone: the stream
  /// moves only once RTP with the phone's own SSRC comes from there, or at once when nothing was heard on it yet.
  virtual void set_phone(MediaId id, const IpAddress& address) = 0;
  /// Where the phone's packets are to go, as the central side says; none: nowhere for now. Returns what the
  /// phone is to be told: our phone-facing endpoint, or another phone's own when both may talk directly.
  /// RTCP's is the next port, until set_rtcp() says otherwise.
  virtual Endpoint set_far_end(MediaId id, const std::optional<Endpoint>& far_end) = 0;
  /// Where that side receives RTCP, when it says so (a=rtcp, RFC 3605); none: at the port after RTP's.
  virtual void set_rtcp(MediaId id, MediaSide side, const std::optional<Endpoint>& rtcp) = 0;
  /// In the place of those that were named before.
  virtual void set_sources(MediaId id, const MediaSources& sources) = 0;
  /// What the payload types are in packets toward that side, beyond those that RFC 3551 fixes.
  virtual void set_formats(MediaId id, MediaSide toward, const MediaFormats& formats) = 0;
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
