#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/ip_network.hpp"
#include "sbc/base/latest_few.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/base/time.hpp"
#include "sbc/net/log.hpp"

namespace dw::net {

/// The services of the access side.
enum class Door : std::uint8_t { tftp, http, sccp, sip, stun };
inline constexpr std::size_t kDoors = 5;
std::string_view to_string(Door door);

/// Decides who may use the access side's services at all (access.networks). One for the whole daemon: each service asks
/// it before it reads anything that was sent, except from peers known to be on the central side. Refusals are counted,
/// logged at a bounded rate, and the last few are kept for a person to see. On the loop's thread.
class AccessGate {
 public:
  static constexpr std::size_t kKept = 16;       ///< refused sources that are kept
  static constexpr std::size_t kMaxDetail = 64;  ///< octets kept of what it asked for

  struct Refused {
    IpAddress source;
    Door door{};
    std::string detail;  ///< what it asked for, if known; not escaped
    std::uint64_t times = 0;
    WallTime last{};
  };

  /// Lets everybody in.
  AccessGate() = default;
  explicit AccessGate(std::vector<IpNetwork> networks) : networks_(std::move(networks)) {}
  /// A gate that lets everybody in, where none is configured.
  static AccessGate& everybody();

  /// An empty list lets everybody in. Forgets whom the old list refused.
  void set(std::vector<IpNetwork> networks);
  bool allows(const IpAddress& source) const;
  /// As allows(), but a refusal is counted, logged and kept.
  bool admits(Door door, const IpAddress& source, std::string_view detail = {});

  /// Latest first.
  const std::vector<Refused>& refused() const { return refused_.all(); }
  std::uint64_t refusals(Door door) const { return counts_[static_cast<std::size_t>(door)]; }
  void append_metrics(MetricsText& out) const;

 private:
  void keep(Door door, const IpAddress& source, std::string_view detail);

  std::vector<IpNetwork> networks_;
  std::array<std::uint64_t, kDoors> counts_{};
  LatestFew<Refused, kKept> refused_;
  LogLimit log_;
};

}  // namespace dw::net
