#pragma once
#include <cstdint>
#include <expected>

#include "nat/core/media/relay_session.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/net/descriptor.hpp"

namespace dw::nat {

inline constexpr int kRtcpReceiveBuffer = 4 << 10;  ///< octets of SO_RCVBUF: enough for a few reports
inline constexpr std::uint8_t kDefaultTos = 0xb8;   ///< EF (RFC 3246), as phones mark their own voice

/// A UDP socket for media, bound to exactly this address and port: non-blocking, unconnected (so that no ICMP message
/// can end it), without DF, with SO_TIMESTAMPNS and SO_RXQ_OVFL on (MediaReceiver). The error is errno.
std::expected<net::Descriptor, int> bind_media_socket(const Endpoint& local, int receive_buffer);

/// The type-of-service octet (IPv6: traffic class) of all packets sent from now on.
void set_socket_tos(int descriptor, bool v6, std::uint8_t tos);

}  // namespace dw::nat
