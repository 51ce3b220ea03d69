#pragma once
#include <cstdint>
#include <optional>

namespace dw::net {

/// Octets that the peer has acknowledged over the connection's life; nothing if the socket is not TCP.
std::optional<std::uint64_t> octets_acknowledged(int descriptor);

/// Whether the kernel still has octets that the peer has not acknowledged.
bool has_unsent(int descriptor);

}  // namespace dw::net
