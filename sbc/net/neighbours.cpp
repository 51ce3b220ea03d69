#include "sbc/net/neighbours.hpp"

#include <fstream>
#include <iterator>
#include <sstream>

namespace dw::net {

// The columns: IP address, HW type, Flags (0x2: complete), HW address, Mask, Device; the first line has headings.
std::optional<std::string> link_address_in(std::string_view table, const IpAddress& address) {
  constexpr unsigned long kComplete = 0x2;
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::size_t kDigits = 12;
  const std::string wanted = address.to_string();
  std::istringstream lines{std::string(table)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string ip, type, flags, mac;
    if (!(fields >> ip >> type >> flags >> mac) || ip != wanted) continue;
    if ((std::strtoul(flags.c_str(), nullptr, 16) & kComplete) == 0) continue;
    std::string digits;
    for (const char c : mac) {
      if (c != ':') digits += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    if (digits.size() == kDigits && digits.find_first_not_of(kHex) == std::string::npos) return digits;
  }
  return std::nullopt;
}

std::optional<std::string> link_address(const IpAddress& address) {
  std::ifstream table("/proc/net/arp");
  const std::string text{std::istreambuf_iterator<char>(table), {}};
  return link_address_in(text, address);
}

}  // namespace dw::net
