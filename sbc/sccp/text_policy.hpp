#pragma once
#include "sbc/base/bytes.hpp"

namespace dw::sccp {

/// Makes every IPv4 and IPv6 literal in a text zeroes, digit by digit, so that its length and all else stay:
/// "192.168.1.7/24" becomes "000.000.0.0/24". Gives whether there was one. The text need not be terminated.
bool blank_addresses(MutableBytes text);

/// Whether an XML body tells a phone to start media by URI (RTPRx:, RTPTx:, RTPMRx:, RTPMTx:), which would go
/// past the relay (sccp §2.6).
bool starts_media_by_uri(Bytes text);

}  // namespace dw::sccp
