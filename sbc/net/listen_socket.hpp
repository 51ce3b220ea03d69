#pragma once
#include <string>

#include "sbc/base/endpoint.hpp"
#include "sbc/net/descriptor.hpp"

namespace dw::net {

/// A listening TCP socket, non-blocking. One bound to "::" takes IPv6 only.
Result<Descriptor> listen_tcp(const Endpoint& where);

/// A listening Unix stream socket at `path`, mode 0660. A socket file that nobody listens on any more is
/// replaced; anything else that stands there is an error.
Result<Descriptor> listen_unix(const std::string& path);

}  // namespace dw::net
