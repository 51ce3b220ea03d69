#pragma once
#include "sbc/base/bytes.hpp"

namespace dw::sccp {

/// Replaces every digit of each IPv4 and IPv6 literal in a text by 0, so that the text keeps its length:
/// "192.168.1.7/24" becomes "000.000.0.0/24". Returns whether there was one. The text needs no NUL at its end.
bool blank_addresses(MutableBytes text);

/// Whether an XML body makes a phone start media by URI (RTPRx:, RTPTx:, RTPMRx:, RTPMTx:), which would not pass the
/// relay (sccp §2.6).
bool starts_media_by_uri(Bytes text);

}  // namespace dw::sccp
