#pragma once
#include "sbc/base/media_broker.hpp"
#include "sbc/sccp/call_table.hpp"

namespace dw::sccp {

/// What RTP payload types are on a channel of this codec (sccp §4.5): SCCP tells the one of telephone events alone, and
/// a codec without a fixed payload type may have any of the dynamic ones. `rfc2833_type` 0: not told.
MediaFormats payload_formats(MediaKind kind, std::uint32_t compression_type, std::uint32_t rfc2833_type);

}  // namespace dw::sccp
