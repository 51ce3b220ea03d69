#pragma once
#include <array>
#include <string_view>

#include "sbc/base/media_broker.hpp"
#include "sbc/sip/sdp.hpp"

namespace dw::sip {

/// What a=rtpmap says of payload types, by m-line (RFC 8866 §6.6). At most kMaxMediaFormats of each; lines that make no
/// sense are left out.
std::array<MediaFormats, kMaxSdpMedia> sdp_formats(std::string_view body);

}  // namespace dw::sip
