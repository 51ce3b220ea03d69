#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sbc/doctor/box.hpp"

// Whether the central side is there, by what was measured and by what the daemon itself asks of it.
namespace dw::doctor {

bool silent(const Reach& reach);
/// Of a server that the daemon itself asks: it was heard after this was measured.
bool answered_since(const BoxFacts& box, const Reach& reach);
bool anything_answers(const BoxFacts& box);
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
