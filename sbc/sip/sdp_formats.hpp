#pragma once
#include <array>
#include <string_view>

#include "sbc/base/media_broker.hpp"
#include "sbc/sip/sdp.hpp"

namespace dw::sip {

/// What is known of the formats of each m-line (sdp_payloads): payload type, clock rate and kind. Formats without a
/// usable clock rate are left out.
std::array<MediaFormats, kMaxSdpMedia> sdp_formats(std::string_view body);

}  // namespace dw::sip
