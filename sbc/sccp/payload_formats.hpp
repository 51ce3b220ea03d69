#pragma once
#include "sbc/base/media_broker.hpp"
#include "sbc/sccp/call_table.hpp"

namespace dw::sccp {

/// What the RTP payload types of a channel with this codec are (sccp §4.5). SCCP names only that of telephone events
/// (`rfc2833_type`; 0: it does not), so a codec without a fixed payload type may use any of the dynamic ones.
MediaFormats payload_formats(MediaKind kind, std::uint32_t compression_type, std::uint32_t rfc2833_type);

}  // namespace dw::sccp
