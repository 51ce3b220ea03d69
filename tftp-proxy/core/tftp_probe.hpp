#pragma once
#include <optional>
#include <string>

#include "sbc/base/endpoint.hpp"
#include "tftp-proxy/core/tftp_packet.hpp"

/// One Dropwire asks another whether something on the way meddles with TFTP: an RRQ for a name that is no
/// file, which is answered with what of it arrived. The answer is one DATA, never repeated, at most twice as
/// long as the request. Asked for, it comes from a fresh port: where a router lets that in which lets in
/// nothing else so, it watches TFTP.
namespace dw::tftp {

inline constexpr std::string_view kProbeName = "dropwire-probe";  ///< file and option
inline constexpr std::size_t kMinProbe = 112;                     ///< octets of the RRQ, so that the answer is no gain
inline constexpr std::size_t kMaxProbe = 256;

enum class ProbePort : std::uint8_t { same, fresh };

/// Whether this RRQ, `octets` long, is a probe, and what it wants. Nothing: a request like any other.
std::optional<ProbePort> probe_of(const Request& request, std::size_t octets);
/// The body of the DATA: "from=ADDRESS:PORT\n", then the RRQ as it arrived.
Buffer probe_answer(const Endpoint& from, Bytes request);

/// The asking side.
Buffer make_probe(ProbePort port);
struct ProbeAnswer {
  Endpoint seen_from;
  Bytes request;  ///< a view into the datagram
};
/// Errors: malformed, when this is no answer of a Dropwire.
Result<ProbeAnswer> parse_probe_answer(Bytes datagram);

}  // namespace dw::tftp
