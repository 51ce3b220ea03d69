#pragma once
#include "sbc/base/bytes.hpp"

namespace dw::sip {

/// What phones send to the SIP port beside SIP, to keep a router's mapping open or by mistake: nothing, CR LF, NULs,
/// "jaK", and whatever begins with an octet that begins no SIP message (RFC 7983: STUN, DTLS, RTP). None of it counts
/// as abuse.
bool is_keepalive(Bytes datagram);

}  // namespace dw::sip
