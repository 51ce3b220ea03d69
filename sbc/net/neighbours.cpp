#include "sbc/net/neighbours.hpp"

#include <fstream>
#include <sstream>

namespace dw::net {

// IP address, HW type, Flags (0x2: complete), HW address, Mask, Device; under a line of headings.
std::optional<std::string> link_address(const IpAddress& address) {
  constexpr std::size_t kMaxLines = 65'536;
  constexpr unsigned long kComplete = 0x2;
  const std::string wanted = address.to_string();
  std::ifstream table("/proc/net/arp");
  std::string line;
  for (std::size_t i = 0; i < kMaxLines && std::getline(table, line); ++i) {
    std::istringstream fields(line);
    std::string ip, type, flags, mac;
    if (!(fields >> ip >> type >> flags >> mac) || ip != wanted) continue;
    if ((std::strtoul(flags.c_str(), nullptr, 16) & kComplete) == 0) continue;
    std::string digits;
    for (const char c : mac) {
      if (c != ':') digits += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return digits;
  }
  return std::nullopt;
}

}  // namespace dw::net
