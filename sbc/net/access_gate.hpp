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

/// Who may ask at all (access.networks). One for the whole daemon: each door asks it first, before it reads anything
/// that was sent, but for what it knows to be the central side's. Counts whom it refuses, logs it at a bounded rate,
/// and keeps the last few for a person. On the loop's thread.
class AccessGate {
 public:
  static constexpr std::size_t kKept = 16;       ///< sources that were refused
  static constexpr std::size_t kMaxDetail = 64;  ///< octets kept of what was asked for

  struct Refused {
    IpAddress source;
    Door door{};
    std::string detail;  ///< what it asked for, where that is known; not escaped
    std::uint64_t times = 0;
    WallTime last{};
  };

  /// Lets everybody in.
  AccessGate() = default;
  explicit AccessGate(std::vector<IpNetwork> networks) : networks_(std::move(networks)) {}
  /// For whoever was given no other one: lets everybody in.
  static AccessGate& everybody();

  /// None: everybody may ask. Whom the old ones refused is forgotten.
  void set(std::vector<IpNetwork> networks);
  bool allows(const IpAddress& source) const;
  /// The same; a refusal is counted, logged and kept.
  bool admits(Door door, const IpAddress& source, std::string_view detail = {});

  /// The latest first.
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
