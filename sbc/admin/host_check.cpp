#include "sbc/admin/host_check.hpp"

#include <algorithm>

#include "sbc/base/text_cursor.hpp"

namespace dw::admin {

bool host_is_ours(std::string_view host, const IpAddress& ours, const std::vector<std::string>& names) {
  if (trim(host).empty()) return true;
  const auto parsed = HostPort::parse(trim(host));
  if (!parsed) return false;
  if (const auto address = IpAddress::parse(parsed->host)) return address->is_loopback() || *address == ours;
  if (equal_ignoring_case(parsed->host, "localhost")) return true;
  return std::ranges::any_of(names, [&](const auto& name) { return equal_ignoring_case(parsed->host, name); });
}

}  // namespace dw::admin
