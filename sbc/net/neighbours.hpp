#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "sbc/base/endpoint.hpp"

namespace dw::net {

/// The Ethernet address of an IPv4 address on a LAN of this machine, as twelve upper-case hex digits, from the kernel's
/// table (proc_net(5): /proc/net/arp). Nothing when it is not there, for example for hosts behind a router.
std::optional<std::string> link_address(const IpAddress& address);
/// The same, from a table in the kernel's format.
std::optional<std::string> link_address_in(std::string_view table, const IpAddress& address);

}  // namespace dw::net
