#pragma once
#include <string>

#include "conf/config.hpp"
#include "sbc/base/result.hpp"

namespace dw::conf {

/// One entry of central.sip.servers: "udp:host:port", optionally followed by the domains that the server serves.
Result<SipServer> parse_sip_server(const std::string& entry);
std::string sip_server_text(const SipServer& server);

}  // namespace dw::conf
