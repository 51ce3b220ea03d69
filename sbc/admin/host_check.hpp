#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/endpoint.hpp"

namespace dw::admin {

/// Whether a Host field may be answered by the listener whose address is `ours`: it names a loopback address,
/// "localhost", that very address, or one of `names`. A web page that points its own host name at this box
/// (DNS rebinding) is thereby refused. An absent Host, which no browser sends, passes.
bool host_is_ours(std::string_view host, const IpAddress& ours, const std::vector<std::string>& names);

}  // namespace dw::admin
