#pragma once
#include "sbc/base/bytes.hpp"

namespace dw::sip {

/// What phones send to the SIP port beside SIP, to keep a router's mapping open or by mistake: nothing, CR LF, NULs,
/// "jaK", and whatever begins with an octet that begins no SIP message (RFC 7983: STUN, DTLS, RTP). Nobody is to
/// blame for it.
bool is_keepalive(Bytes datagram);

}  // namespace dw::sip
