#pragma once
#include <string>

#include "sbc/base/endpoint.hpp"
#include "sbc/net/descriptor.hpp"

namespace dw::net {

/// A listening TCP socket, non-blocking. One bound to "::" takes IPv6 only.
Result<Descriptor> listen_tcp(const Endpoint& where);

/// A listening Unix stream socket at `path`, mode 0660. Replaces a socket file on which nobody listens; anything else
/// at that path is an error.
Result<Descriptor> listen_unix(const std::string& path);

}  // namespace dw::net
