#pragma once
#include <cstdint>
#include <optional>

#include "sbc/base/bytes.hpp"

namespace dw::nat {

/// The fields of an RTP packet that a relay reads (RFC 3550 §5.1).
struct RtpHeader {
  std::uint8_t payload_type = 0;
  bool marker = false;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;
  std::uint16_t payload = 0;  ///< octets after the header, without extension and padding
  std::uint8_t first = 0;     ///< first octet of the payload; 0: no payload
};

inline constexpr std::size_t kRtpHeaderOctets = 12;

/// Nothing unless it is version 2, long enough for its CSRC list, and not RTCP on the RTP port (RFC 5761 §4: payload
/// types 64 to 95 are the values of RTCP's packet types).
std::optional<RtpHeader> parse_rtp(Bytes packet);

/// Whether it begins like a compound RTCP packet (RFC 3550 §6.1): version 2, type 200 to 207, a length within the
/// packet.
bool is_rtcp(Bytes packet);

/// Whether it only keeps a NAT mapping open (RFC 6263 §4.1, §4.5, §4.6): an empty datagram, blanks, RTP of version 0
/// without payload, STUN. Valid RTP without payload or with comfort noise does not count.
bool is_bare_keepalive(Bytes packet);

/// a comes after b, modulo 2^16.
constexpr bool later(std::uint16_t a, std::uint16_t b) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(a - b)) > 0;
}

}  // namespace dw::nat
