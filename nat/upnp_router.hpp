#pragma once
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "nat/core/portmap/actions.hpp"
#include "nat/core/portmap/policy.hpp"

namespace dw::nat {

/// A router that maps ports by UPnP IGD; libminiupnpc parses its XML. All calls block: for the thread pool, one at a
/// time. Remembers the router that it found, and searches again when that one stops answering. Talks only to devices
/// that portmap::may_talk_to() allows, and bounds the octets and the time of each answer.
class UpnpRouter {
 public:
  /// No further request is started after this time; each one takes seconds at most.
  static constexpr Duration kLongest = std::chrono::seconds(20);

  struct Lan {
    IpAddress gateway, ours;
    std::vector<portmap::Route> routes;
  };
  /// Setting `give_up` ends it before the next request.
  portmap::UpnpAnswer run(const Lan& lan, const portmap::UpnpAsk& ask, const std::atomic<bool>& give_up);

 private:
  using Argument = std::pair<const char*, std::string>;
  struct Said {
    bool answered = false;
    int error = 0;  ///< UPnP's error code; 0: done
    std::string value = {};
  };
  Said ask(const std::string& action, const std::vector<Argument>& arguments, const char* wanted,
           const std::atomic<bool>* give_up) const;
  bool find(const Lan& lan, std::string& problem, const std::atomic<bool>& give_up);
  portmap::UpnpAnswer::Port map(const Lan& lan, const portmap::UpnpAsk::Port& port, std::uint32_t lifetime,
                                const std::atomic<bool>& give_up);

  std::string control_url_, service_type_;
};

}  // namespace dw::nat
