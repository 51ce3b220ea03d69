#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sbc/doctor/box.hpp"

namespace dw::doctor {

/// What the path to the central side shows, and what the router answered: of `box` only what is about the
/// network. A service whose server or origin the daemon itself finds down is told there, and what a server that
/// answered since was measured to be is past. `now` is the wall clock.
std::vector<Finding> network_findings(const BoxFacts& box, WallTime now = {});
/// What was measured, with what the daemon itself has seen since: a check that is older than its subject's last answer,
/// or its last failure, says what that showed.
NetworkFacts brought_up_to_date(NetworkFacts measured, const std::vector<CallServer>& servers,
                                const std::vector<OriginState>& origins);
/// The central server is gone: all that was measured is silent, or all that the daemon itself asks of two kinds
/// (telephone servers by SCCP, by SIP, file servers) is down. That is one finding, central_unreachable.
bool central_unreachable(const BoxFacts& box, WallTime now);
/// "http://pbx.example.net/path" is "pbx.example.net:80", as Reach::name has it; empty when it is no such address.
std::string host_port_of(std::string_view url);

}  // namespace dw::doctor
