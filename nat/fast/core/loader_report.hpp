#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sbc/base/byte_writer.hpp"
#include "sbc/base/result.hpp"

namespace dw::nat::fast {

/// One interface, and whether the program sees what comes in there.
struct InterfaceReport {
  enum class State : std::uint8_t { attached, refused, down, vlan, not_ethernet };
  std::string name;
  State state = State::down;
  std::string why;  ///< refused: the kernel's reason
  bool operator==(const InterfaceReport&) const = default;
};

/// What dropwire-fast sends to the daemon that is connected (FORMAT.md): when it connects, and after each change. The
/// maps' descriptors come with the first one, if the program is loaded.
struct LoaderReport {
  static constexpr std::uint16_t kVersion = 1;
  static constexpr std::size_t kMaxInterfaces = 256, kMaxName = 15, kMaxWhy = 160, kMaxRefused = 500;
  /// Above the longest one.
  static constexpr std::size_t kMaxOctets = 64 << 10;

  bool loaded = false;
  std::string refused;           ///< not loaded: why, and what to do
  bool more_interfaces = false;  ///< than kMaxInterfaces
  std::vector<InterfaceReport> interfaces;
  bool operator==(const LoaderReport&) const = default;
};

/// Errc::unsupported: a loader of another version.
Result<LoaderReport> parse_loader_report(Bytes octets);
/// Cuts what is longer than its bound.
void write(ByteWriter& out, const LoaderReport& report);
/// "eth0: attached", "eth0.5: a VLAN, whose media stays with the sockets"…
std::string to_string(const InterfaceReport& interface);

}  // namespace dw::nat::fast
