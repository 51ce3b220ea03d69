#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nat/core/portmap/types.hpp"
#include "sbc/base/bytes.hpp"

// What Mapper and its protocols give back.
namespace dw::nat::portmap {

/// What to do by UPnP, all in one go; it blocks, so it is done elsewhere, and Mapper::on_upnp takes the answer.
struct UpnpAsk {
  struct Port {
    Wanted wanted;
    std::uint16_t external = 0;  ///< as suggested, or as granted
    bool after_previous =
        false;  ///< the one before it in `map` is its pair's first: it goes to the port after that one's
  };
  std::vector<Port> map, unmap;
  std::optional<Port> check;   ///< is this one still there?
  std::uint32_t lifetime = 0;  ///< seconds
};
struct UpnpAnswer {
  struct Port {
    Wanted wanted;
    std::uint16_t external = 0;  ///< 0: refused
    std::uint32_t lifetime = 0;  ///< 0: until the router restarts
    std::string problem;
  };
  bool found = false;  ///< there is a router that does it
  IpAddress external;
  std::vector<Port> ports;  ///< one for each of UpnpAsk::map, in its order
  bool check_failed = false;
  std::string problem;  ///< why none was found, or what went wrong beside the ports
};

struct Event {
  enum class Kind : std::uint8_t {
    mapped,   ///< granted for the first time, or at another external port or address
    renewed,  ///< the same again
    refused,  ///< `text` says why
    lost,     ///< it ran out
    removed,  ///< taken back at the end
    address,  ///< the router's external address is new
    double_nat,
    rebooted,  ///< the router lost its mappings
    nobody,    ///< no protocol was answered; tried again later
    filtered,  ///< the router agreed to let only our peers reach the filtered ports
    filter_refused,
  };
  Kind kind{};
  Wanted wanted{};
  Endpoint external{};
  Duration lifetime{};
  std::string text{};
};

struct Actions {
  std::vector<Buffer> datagrams;  ///< to the gateway, port 5351
  std::optional<UpnpAsk> upnp;    ///< one at a time: the next comes after on_upnp
  std::vector<Event> events;
  bool changed = false;  ///< ask granted() again
};

}  // namespace dw::nat::portmap
