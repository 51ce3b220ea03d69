#pragma once
#include <cstdint>
#include <optional>

#include "sbc/base/bytes.hpp"

namespace dw::nat {

/// What a relay looks at in an RTP packet (RFC 3550 §5.1). The rest passes untouched.
struct RtpHeader {
  std::uint8_t payload_type = 0;
  bool marker = false;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;
  std::uint16_t payload = 0;  ///< octets behind the header, less extension and padding
  std::uint8_t first = 0;     ///< octet of the payload; 0: none
};

inline constexpr std::size_t kRtpHeaderOctets = 12;

/// Nothing unless it is version 2, long enough for its CSRC list, and not RTCP on the RTP port (RFC 5761 §4:
/// payload types 64 to 95 are where RTCP's packet types land).
std::optional<RtpHeader> parse_rtp(Bytes packet);

/// A compound RTCP packet as RFC 3550 §6.1 begins one: version 2, type 200 to 207, its length inside the packet.
bool is_rtcp(Bytes packet);

/// What only keeps a NAT mapping open (RFC 6263 §4.1, §4.5, §4.6): nothing at all, blanks, RTP of version 0 without
/// payload, STUN. RTP without payload or with comfort noise is valid RTP and not meant.
bool is_bare_keepalive(Bytes packet);

/// a is later than b in the 16-bit circle.
constexpr bool later(std::uint16_t a, std::uint16_t b) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(a - b)) > 0;
}

}  // namespace dw::nat
