#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sbc/doctor/box.hpp"

// Whether the central side is reachable, by measurements and by the daemon's own requests.
namespace dw::doctor {

bool silent(const Reach& reach);
/// Of a server that the daemon itself uses: it was heard after this measurement.
bool answered_since(const BoxFacts& box, const Reach& reach);
bool anything_answers(const BoxFacts& box);
/// The measurements, updated by what the daemon itself has seen since: one that is older than the last answer or the
/// last failure of its subject gets the result of that.
NetworkFacts brought_up_to_date(NetworkFacts measured, const std::vector<CallServer>& servers,
                                const std::vector<OriginState>& origins);
/// Whether the central server is unreachable: all that was measured is silent, or all that the daemon uses of two kinds
/// (call servers by SCCP, by SIP, file servers) are down. That is one finding, central_unreachable.
bool central_unreachable(const BoxFacts& box, WallTime now);
/// "http://pbx.example.net/path" is "pbx.example.net:80", as in Reach::name; empty if it is no such URL.
std::string host_port_of(std::string_view url);

}  // namespace dw::doctor
