#pragma once
#include "sbc/base/endpoint.hpp"
#include "sbc/sccp/frame.hpp"

namespace dw::sccp {

/// ServerRes (0x009E) that names one call server, for a phone that is to know no other; as long as
/// `original`, with addresses in the form that its length tells (sccp §2.3):
///
///     0              240          260
///     name S48 × 5   port P4 × 5  A4 × 5 (280 octets), or U20 × 5 (360 octets and more)
///
/// Nothing when the original is shorter than the flat form.
Result<Buffer> server_res_naming(const Frame& original, const Endpoint& server);

}  // namespace dw::sccp
