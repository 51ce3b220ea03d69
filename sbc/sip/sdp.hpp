#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/result.hpp"

namespace dw::sip {

inline constexpr std::size_t kMaxSdpOctets = 32 * 1024;
inline constexpr std::size_t kMaxSdpMedia = 16;     ///< m-lines that are looked at; what is beyond is refused
inline constexpr std::size_t kMaxSdpPayloads = 64;  ///< of an m-line; what is beyond is not listed
inline constexpr std::size_t kMaxSdpHosts = 20;     ///< that its lines name

/// RFC 8866 §6.7, as the side that wrote the SDP sees it.
enum class Direction : std::uint8_t { sendrecv, sendonly, recvonly, inactive };
std::string_view to_string(Direction direction);

/// One m-line with the lines that follow it (RFC 8866 §5.14). Views are into what was parsed.
struct SdpMedia {
  std::string_view type;      ///< "audio", "video", "image"
  std::string_view protocol;  ///< "RTP/AVP", "udptl"
  std::uint16_t port = 0;     ///< 0: refused, ended, or an invalid port
  /// Carried by UDP in a way that the relay takes: RTP/(S)AVP(F), UDP/…, udptl, DTLS/SCTP, to one host, and
  /// port != 0.
  bool relayable = false;
  /// Its c= is a multicast or broadcast address, which no relay can serve.
  bool to_many = false;
  /// Not RTP, or not RTP alone: udptl (T.38), UDP/BFCP, and UDP/TLS/…, whose DTLS handshake takes the same port.
  bool opaque = false;
  bool own_connection = false;  ///< has a c= of its own, whatever it says
  /// Its own c= or the session's. None: absent, a host name, or unparsable.
  std::optional<IpAddress> address;
  std::string_view host_name;  ///< of that c=, when a name stands there instead of an address
  /// a=rtcp (RFC 3605): where its RTCP goes, if that is not the port after `port`; the address with it.
  std::optional<std::uint16_t> rtcp_port;
  std::optional<IpAddress> rtcp_address;
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
  /// Where RTCP for it is to go, when it says so and it is somewhere; else it is the port after endpoint()'s.
  std::optional<Endpoint> rtcp_endpoint() const {
    const auto& to = rtcp_address ? rtcp_address : address;
    if (!rtcp_port || *rtcp_port == 0 || !endpoint() || to->is_unspecified() || to->is_multicast()) return std::nullopt;
    return Endpoint{*to, *rtcp_port};
  }
};

/// A host that o=, c= or a=rtcp names.
struct SdpHost {
  std::string_view text;  ///< as it is spelled, without /ttl
  IpAddress address;      ///< none: a name, or unparsable
};

/// A session description. Views are into what was parsed, which must outlive it. Nothing here prints one:
/// a=crypto is a key.
struct Sdp {
  std::string_view username, session_id;  ///< o=; empty when there is no such line or it makes no sense
  std::optional<std::uint64_t> version;   ///< o=
  std::optional<IpAddress> origin;        ///< o=
  bool has_connection = false;            ///< the session has a c= of its own
  std::optional<IpAddress> address;       ///< the session's first c=

  std::span<const SdpMedia> media() const { return lines; }
  /// Each once, of any line.
  std::span<const SdpHost> hosts() const { return host_list; }

  std::vector<SdpMedia> lines;     ///< at most kMaxSdpMedia
  std::vector<SdpHost> host_list;  ///< at most kMaxSdpHosts
  bool more_hosts = false;         ///< than are listed
  bool lone_cr = false;            ///< a line ends with CR alone
};

/// As lenient as phones and servers are: CRLF, LF or CR, any line missing, blanks doubled, empty lines, NULs
/// at the end, lines that are not "x=…", an m-line with an invalid port (it counts as refused), more m-lines
/// than kMaxSdpMedia (not listed). Malformed, with the offset of the line: an m-line without type, port or
/// protocol, a NUL inside a line, not one line that is "x=…". too_long: kMaxSdpOctets.
Result<Sdp> parse_sdp(std::string_view body);

/// One format of an RTP m-line. The view is into what was parsed.
struct SdpPayload {
  std::uint8_t type = 0;         ///< RTP's payload type
  std::uint32_t clock_rate = 0;  ///< Hz; 0: not known
  std::string_view name;         ///< rtpmap's encoding name, else RFC 3551's ("PCMU"); empty: not known
};
/// The formats of each m-line that is listed, in the order of preference; of what is no RTP or DTLS none.
std::array<std::vector<SdpPayload>, kMaxSdpMedia> sdp_payloads(std::string_view body);

class CodecRules;  // codec_rules.hpp

/// What is put into an SDP.
struct SdpRewrite {
  /// By m-line; none: there is no stream for it, and it is refused. Without effect for what is not relayable.
  std::array<std::optional<Endpoint>, kMaxSdpMedia> to;
  /// By m-line; where its RTCP is received. None: at the port after `to`'s.
  std::array<std::optional<Endpoint>, kMaxSdpMedia> rtcp{};
  IpAddress own;                       ///< for o=, and wherever no stream gives an address
  std::uint64_t version = 0;           ///< for o=
  std::array<IpAddress, 3> hidden{};   ///< further addresses of whoever wrote it, known from elsewhere
  const CodecRules* codecs = nullptr;  ///< of an offer: which codecs it may have, in which order
};

/// Appends `body`, which `sdp` was parsed from, with other addresses (sip-sbc §2.3):
///   - o=: `own` and `version`;
///   - an m-line with an endpoint in `to`: its port, its c=, its a=rtcp (port + 1, or `rtcp`; RFC 3605). One of RTP
///   gets an a=rtcp when `rtcp` has an endpoint for it;
///   - an m-line whose address is a group's stays;
///   - any other m-line: port 0, and `own` in its c=;
///   - the session's c=: the address of all m-lines that rely on it, or `own` when these differ, and then a
///   c= is added to those that need one.
/// 0.0.0.0 and :: mean hold and stay, in the word of the new family. What says the same as before keeps its
/// octets, and so does every other line, with its line end, unless it shows a host that is in o=, c= or
/// `hidden`, or any private address that is not one of those that are written: such a line is left out, and s=
/// says "-". Returns how many lines of ICE and rtcp-mux are left out: the relay can't do
/// what they promise, as it has a port of its own for RTCP and checks no connectivity. Errc::forbidden, and `out` is
/// not to be used: such a host stands where it can't be taken out, or there are more of them than kMaxSdpHosts.
/// Errc::unavailable: `codecs` leave an RTP m-line none; those that they take out are gone with their rtpmap, fmtp and
/// rtcp-fb.
Result<std::size_t> rewrite_sdp(const Sdp& sdp, std::string_view body, const SdpRewrite& rewrite, std::string& out);

}  // namespace dw::sip
