#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"

/// Port mapping: asks the home's router to let the central side in, by PCP (RFC 6887), NAT-PMP (RFC 6886) or UPnP IGD.
namespace dw::nat::portmap {

/// IANA's protocol numbers, as PCP carries them.
enum class Transport : std::uint8_t { tcp = 6, udp = 17 };
enum class Protocol : std::uint8_t { none, pcp, nat_pmp, upnp };

std::string_view to_string(Transport transport);
std::string_view to_string(Protocol protocol);  ///< "none", "PCP", "NAT-PMP", "UPnP"

/// A port of ours that should be reachable from outside.
struct Wanted {
  Transport transport = Transport::udp;
  std::uint16_t internal = 0;
  /// It is the RTCP port for the RTP port before it in the list: their external ports must be consecutive too.
  bool follows = false;
  bool filtered = false;  ///< only the peers of Mapper::set_peers should reach it, if the router can filter
  friend auto operator<=>(const Wanted&, const Wanted&) = default;
};

/// A mapping that the router has granted and that has not expired.
struct Granted {
  Wanted wanted;
  Endpoint external;
  Duration lifetime{};  ///< zero: until the router restarts
  TimePoint expires{};
};

/// Whether the router keeps strangers away from the filtered ports. Dropwire's own checks apply in any case.
struct FilterFacts {
  enum class State : std::uint8_t {
    unwanted,  ///< no filter: anybody may send
    asked,     ///< the router has not agreed to all of it yet
    agreed,    ///< it said yes
    open,      ///< the router can't: see `why`
  };
  State state = State::unwanted;
  std::size_t networks = 0;  ///< that may send
  std::string why;           ///< for a person
  TimePoint since{};         ///< agreed: since when
  bool not_kept = false;     ///< agreed, but strangers came through
};
std::string_view to_string(FilterFacts::State state);  ///< "everybody", "asked", "agreed", "open"

/// What is known of the router, as values for status, doctor and logs. Contains no phone's data.
struct Facts {
  bool active = false;   ///< mappings are asked for
  std::string inactive;  ///< why they are not: a few words
  IpAddress gateway, ours, external;
  Protocol protocol = Protocol::none;
  std::size_t wanted = 0;
  std::vector<Granted> granted;
  bool double_nat = false;  ///< the router's external address is not the public one: mappings are of no use
  std::string last_error;   ///< the last refusal or timeout, in words; stays until all ports are mapped
  std::uint64_t reboots = 0;
  FilterFacts filter;
};

/// One sentence: whether the central side can reach us through the router, and if not, why not.
std::string in_words(const Facts& facts);
/// Another sentence: who can reach SIP's port. Empty if no filter was asked for, or nothing is granted yet.
std::string filter_in_words(const Facts& facts);

}  // namespace dw::nat::portmap
