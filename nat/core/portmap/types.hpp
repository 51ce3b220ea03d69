#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"

/// Port mapping: asking the home's router to let the central side in, by PCP (RFC 6887), NAT-PMP (RFC 6886) or UPnP
/// IGD.
namespace dw::nat::portmap {

/// IANA's protocol numbers, as PCP carries them.
enum class Transport : std::uint8_t { tcp = 6, udp = 17 };
enum class Protocol : std::uint8_t { none, pcp, nat_pmp, upnp };

std::string_view to_string(Transport transport);
std::string_view to_string(Protocol protocol);  ///< "none", "PCP", "NAT-PMP", "UPnP"

/// A port of ours that is to be reached from outside.
struct Wanted {
  Transport transport = Transport::udp;
  std::uint16_t internal = 0;
  /// It is the RTCP port of the RTP port that stands before it in the list: the external ports must follow each other
  /// too.
  bool follows = false;
  bool filtered = false;  ///< only those of Mapper::set_peers are to reach it, where the router can see to that
  friend auto operator<=>(const Wanted&, const Wanted&) = default;
};

/// A mapping that the router has granted, and that has not run out.
struct Granted {
  Wanted wanted;
  Endpoint external;
  Duration lifetime{};  ///< as granted; zero: until the router restarts
  TimePoint expires{};
};

/// Whether the router keeps strangers from the filtered ports. Dropwire's own checks hold in any case.
struct FilterFacts {
  enum class State : std::uint8_t {
    unwanted,  ///< everybody may come
    asked,     ///< the router has not said yes to all of it
    agreed,    ///< it said yes
    open,      ///< it can't: `why`
  };
  State state = State::unwanted;
  std::size_t networks = 0;  ///< that may come
  std::string why;           ///< for a person
  TimePoint since{};         ///< agreed: since when
  bool not_kept = false;     ///< agreed, and strangers came through all the same
};
std::string_view to_string(FilterFacts::State state);  ///< "everybody", "asked", "agreed", "open"

/// What is known of the router, as values: for status, doctor and logs. Names no phone.
struct Facts {
  bool active = false;   ///< mappings are asked for
  std::string inactive;  ///< why they are not: a few words
  IpAddress gateway, ours, external;
  Protocol protocol = Protocol::none;
  std::size_t wanted = 0;
  std::vector<Granted> granted;
  bool double_nat = false;  ///< the router's own external address is not the internet's: mappings are of no use
  std::string last_error;   ///< the last refusal or silence, in words; stays until all mappings are there
  std::uint64_t reboots = 0;
  FilterFacts filter;
};

/// One sentence: whether the central side can reach us through the router, and if not, why.
std::string in_words(const Facts& facts);
/// One sentence more: who reaches SIP's port. Empty where nothing was asked, or nothing was granted yet.
std::string filter_in_words(const Facts& facts);

}  // namespace dw::nat::portmap
