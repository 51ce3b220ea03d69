#pragma once
#include <atomic>
#include <string>
#include <vector>

#include "nat/core/portmap_mapper.hpp"
#include "nat/core/portmap_policy.hpp"

namespace dw::nat {

/// A router that maps ports by UPnP IGD, through libminiupnpc. Everything here blocks, so it runs on the thread pool, one
/// call at a time. Remembers what it found, and looks anew when that no longer answers. Talks to devices that
/// portmap::may_talk_to() alone.
class UpnpRouter {
 public:
  /// No further request is begun after as long; each takes seconds at most.
  static constexpr Duration kLongest = std::chrono::seconds(20);
  static constexpr int kDiscoveryMs = 2000;
  static constexpr std::size_t kMaxDevices = 8;  ///< that are asked what they are

  struct Lan {
    IpAddress gateway, ours;
    std::vector<portmap::Route> routes;
  };
  /// `give_up` ends it before the next request.
  portmap::UpnpAnswer run(const Lan& lan, const portmap::UpnpAsk& ask, const std::atomic<bool>& give_up);

 private:
  bool find(const Lan& lan, std::string& problem);
  portmap::UpnpAnswer::Port map(const Lan& lan, const portmap::UpnpAsk::Port& port, std::uint32_t lifetime);

  std::string control_url_, service_type_;
};

}  // namespace dw::nat
