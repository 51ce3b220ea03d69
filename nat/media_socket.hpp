#pragma once
#include <cstdint>
#include <expected>

#include "nat/core/media/relay_session.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/net/descriptor.hpp"

namespace dw::nat {

inline constexpr int kRtcpReceiveBuffer = 4 << 10;  ///< octets of SO_RCVBUF: a few reports
inline constexpr std::uint8_t kDefaultTos = 0xb8;   ///< EF (RFC 3246), what the phones mark their own voice with

/// A UDP socket for media, bound to exactly this address and port: non-blocking, unconnected (so no ICMP
/// message can end it), without DF; what comes is stamped with its time and with what overflowed (MediaReceiver). The
/// error is errno.
std::expected<net::Descriptor, int> bind_media_socket(const Endpoint& local, int receive_buffer);

/// The type-of-service octet (IPv6: traffic class) of what is sent from now on.
void set_socket_tos(int descriptor, bool v6, std::uint8_t tos);

}  // namespace dw::nat
