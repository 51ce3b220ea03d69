#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "sbc/base/endpoint.hpp"
#include "sbc/sip/flow.hpp"
#include "sbc/sip/message.hpp"

/// One Dropwire asks another whether something on the way (an application layer gateway) rewrites SIP: an
/// OPTIONS that states its private address wherever such things look, in Via, Contact, From and an SDP body.
/// The answer has the whole request as it arrived, in base64, so that what is rewritten on the way back does
/// not hide what was on the way there.
namespace dw::sip {

inline constexpr std::string_view kProbeField = "Dropwire-Probe";
inline constexpr std::string_view kProbeReceived = "Dropwire-Received";
/// Octets of a request that is taken for a probe; its answer is at most twice as long.
inline constexpr std::size_t kMinSipProbe = 600, kMaxSipProbe = 1000;

struct ProbeText {
  Transport transport = Transport::udp;
  Endpoint local;     ///< what the request says it comes from
  std::string host;   ///< of the server, for the Request-URI
  std::string token;  ///< unguessable: branch, tag and Call-ID
};
std::string make_probe(const ProbeText& text);
bool is_probe(const Message& request);
/// The line for the answer, with CR LF.
std::string probe_lines(const Message& request);
/// The request as it arrived, out of the answer; nothing when there is none (a server that is no Dropwire).
std::optional<std::string> received_in(const Message& response);

}  // namespace dw::sip
