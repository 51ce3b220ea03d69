#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/result.hpp"

namespace dw::sip {

inline constexpr std::size_t kMaxSdpOctets = 32 * 1024;
inline constexpr std::size_t kMaxSdpMedia = 8;  ///< m-lines

/// RFC 8866 §6.7, as the side that wrote the SDP sees it.
enum class Direction : std::uint8_t { sendrecv, sendonly, recvonly, inactive };
std::string_view to_string(Direction direction);

/// One m-line with the lines that follow it (RFC 8866 §5.14). Views are into what was parsed.
struct SdpMedia {
  std::string_view type;      ///< "audio", "video", "image"
  std::string_view protocol;  ///< "RTP/AVP", "udptl"
  std::uint16_t port = 0;     ///< 0: refused, or over
  /// Carried by UDP in a way that the relay takes: RTP/(S)AVP(F), UDP/TLS/…, udptl, to one host, and port !=
  /// 0.
  bool relayable = false;
  /// Not RTP, or not RTP alone: udptl (T.38), and UDP/TLS/…, whose DTLS handshake takes the same port.
  bool opaque = false;
  bool own_connection = false;  ///< has a c= of its own, whatever it says
  /// Its own c= or the session's. None: absent, a host name, or unparsable.
  std::optional<IpAddress> address;
  Direction direction = Direction::sendrecv;  ///< its own or the session's
  /// The side that wrote this wants nothing to come: address 0.0.0.0 or ::, sendonly, inactive.
  bool held = false;
  /// Of the first format: rtpmap's encoding name, else the name that RFC 3551 gives the payload type
  /// ("PCMU"); for udptl the format itself ("t38"). Empty when none is known.
  std::string_view codec;

  /// Where packets for it are to go, when that is known and somewhere.
  std::optional<Endpoint> endpoint() const {
    if (!relayable || !address || address->is_unspecified()) return std::nullopt;
    return Endpoint{*address, port};
  }
};

/// A session description. Views are into what was parsed, which must outlive it. Nothing here prints one:
/// a=crypto is a key.
struct Sdp {
  std::string_view username, session_id;  ///< o=; empty when there is no such line or it makes no sense
  std::optional<std::uint64_t> version;   ///< o=
  std::optional<IpAddress> origin;        ///< o=
  std::string_view connection;            ///< value of the session's first c=
  bool has_connection = false;            ///< the session has a c= of its own
  std::optional<IpAddress> address;       ///< the session's first c=

  std::span<const SdpMedia> media() const { return std::span(lines).first(count); }

  std::array<SdpMedia, kMaxSdpMedia> lines{};
  std::size_t count = 0;
};

/// As lenient as phones need: LF or CRLF, any line missing, blanks doubled, empty lines. Malformed, with the
/// offset of the line: a line that is not "x=…", an m-line without type, port or protocol, a CR inside a
/// line, no line at all. too_long: kMaxSdpOctets, kMaxSdpMedia.
Result<Sdp> parse_sdp(std::string_view body);

/// What an SDP is to say instead.
struct SdpRewrite {
  /// By m-line; none: it stays as it is. Without effect for what is not relayable.
  std::array<std::optional<Endpoint>, kMaxSdpMedia> to;
  IpAddress own;              ///< for o=, and wherever no m-line has a say
  std::uint64_t version = 0;  ///< for o=
};

/// Appends `body`, which `sdp` was parsed from, with other addresses (sip-sbc §2.3):
///   - o=: `own` and `version`;
///   - an m-line with an endpoint in `to`: its port, its c=, its a=rtcp (port + 1, RFC 3605);
///   - an m-line of port 0: `own` in its c=;
///   - any other m-line and its lines stay, with a copy of the session's c= if they relied on it and it
///   changes;
///   - the session's c=: the address of all m-lines that rely on it, or `own` when these differ, and then a
///   c=
///     is added to those that need one.
/// 0.0.0.0 and :: mean hold and stay, in the word of the new family. What says the same as before keeps its
/// octets, and so does every other line, with its line end.
/// Returns how many lines are left out: those of ICE and rtcp-mux, which a relay that has a port for RTCP and
/// checks nothing can't keep the promise of.
std::size_t rewrite_sdp(const Sdp& sdp, std::string_view body, const SdpRewrite& rewrite, std::string& out);

}  // namespace dw::sip
