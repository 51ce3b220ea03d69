#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/endpoint.hpp"

namespace dw::admin {

/// Whether the listener at address `ours` may answer a request with this Host field: it must name a loopback address,
/// "localhost", `ours`, or one of `names`. This refuses web pages whose own host name points to this box (DNS
/// rebinding). A missing Host passes, as every browser sends one.
bool host_is_ours(std::string_view host, const IpAddress& ours, const std::vector<std::string>& names);

}  // namespace dw::admin
