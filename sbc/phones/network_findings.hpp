#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sbc/phones/box.hpp"

namespace dw::phones {

/// What the path to the central side shows, and what the router answered: of `box` only what is about the
/// network. A service whose server or origin the daemon itself finds down is told there, and what a server that answered
/// since was measured to be is past. `now` is the wall clock.
std::vector<Finding> network_findings(const BoxFacts& box, WallTime now = {});
/// Nothing of the central side answers: that is one finding, central_unreachable.
bool central_unreachable(const BoxFacts& box);
/// That `name` ("pbx.example.net:5060") does not answer is told with all the rest of the central side.
bool shut_off(const BoxFacts& box, std::string_view name);
/// "http://pbx.example.net/path" is "pbx.example.net:80", as Reach::name has it; empty when it is no such address.
std::string host_port_of(std::string_view url);

}  // namespace dw::phones
