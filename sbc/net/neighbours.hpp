#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "sbc/base/endpoint.hpp"

namespace dw::net {

/// The Ethernet address that answers for an IPv4 address on a LAN that this machine is on itself, as twelve upper-case
/// hex digits, by the kernel's table (proc_net(5): /proc/net/arp). Nothing when it has none, as for what stands behind
/// a router.
std::optional<std::string> link_address(const IpAddress& address);
/// The same of a table in the kernel's form.
std::optional<std::string> link_address_in(std::string_view table, const IpAddress& address);

}  // namespace dw::net
