#pragma once
#include "sbc/base/endpoint.hpp"
#include "sbc/sccp/frame.hpp"

namespace dw::sccp {

/// ServerRes that names one call server only. It has the length of `original`, and so the same form of addresses (sccp
/// §2.3). Errc::truncated when the original does not hold five servers.
Result<Buffer> server_res_naming(const Frame& original, const Endpoint& server);

}  // namespace dw::sccp
