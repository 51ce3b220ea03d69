#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nat/core/portmap/types.hpp"
#include "sbc/base/bytes.hpp"

// The outputs of Mapper and its protocols.
namespace dw::nat::portmap {

/// A batch of UPnP requests. They block, so they are carried out elsewhere; the answer goes to Mapper::on_upnp.
struct UpnpAsk {
  struct Port {
    Wanted wanted;
    std::uint16_t external = 0;   ///< as wanted, or as granted
    bool after_previous = false;  ///< map it to the external port after that of the entry before it in `map`
  };
  std::vector<Port> map, unmap;
  std::optional<Port> check;   ///< still mapped?
  std::uint32_t lifetime = 0;  ///< seconds
};
struct UpnpAnswer {
  struct Port {
    Wanted wanted;
    std::uint16_t external = 0;  ///< 0: refused
    std::uint32_t lifetime = 0;  ///< 0: until the router restarts
    std::string problem;
  };
  bool found = false;  ///< a UPnP router was found
  IpAddress external;
  std::vector<Port> ports;  ///< one for each entry of UpnpAsk::map, in its order
  bool check_failed = false;
  std::string problem;  ///< why no router was found, or what failed apart from the ports
};

struct Event {
  enum class Kind : std::uint8_t {
    mapped,   ///< granted for the first time, or with another external port or address
    renewed,  ///< granted again, unchanged
    refused,  ///< `text` says why
    lost,     ///< expired
    removed,  ///< removed at the end
    address,  ///< the router has a new external address
    double_nat,
    rebooted,  ///< the router restarted and lost its mappings
    nobody,    ///< the router speaks no protocol; tried again later
    filtered,  ///< the router agreed that only our peers may reach the filtered ports
    filter_refused,
  };
  Kind kind{};
  Wanted wanted{};
  Endpoint external{};
  Duration lifetime{};
  std::string text{};
};

struct Actions {
  std::vector<Buffer> datagrams;  ///< to the gateway's port 5351
  std::optional<UpnpAsk> upnp;    ///< one at a time: the next follows after on_upnp
  std::vector<Event> events;
  bool changed = false;  ///< granted() has changed
};

}  // namespace dw::nat::portmap
