#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/difference.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"

/// What was measured of the path between this box and the central side. Facts only: findings say what they mean
/// and what to do. Everything is unknown until it was measured.
namespace dw::doctor {

/// How a NAT keeps mappings, or what it lets in (RFC 4787 §4.1 and §5, in the words of RFC 5780 §3).
enum class NatBehaviour { unknown, endpoint_independent, address_dependent, address_and_port_dependent };

/// What is between this box and the place that it measures against.
enum class NatPath {
  unknown,
  none,        ///< the reflexive address is the local one
  nat,         ///< one translation, as far as can be seen
  carrier,     ///< the router's own outer address is in 100.64.0.0/10, or STUN sees another than it has
  double_nat,  ///< the router's own outer address is private (RFC 1918): another router stands behind it
};

enum class Transport { udp, tcp };
using dw::Difference;

/// Whether something on the path changes messages, by one transport. Known only if `tried` and without an
/// error.
struct AlgProbe {
  Transport transport = Transport::udp;
  bool tried = false;
  std::string error;                    ///< why nothing is known: "no answer", "refused"…
  std::vector<Difference> differences;  ///< empty: it arrived as it was sent
  std::optional<Endpoint> seen_from;    ///< where the far side saw it come from
  bool known() const { return tried && error.empty(); }
  bool altered() const { return known() && !differences.empty(); }
};

enum class PortState {
  not_tried,
  open,       ///< it answered as the service does (TCP: it accepted)
  refused,    ///< reset, or ICMP port unreachable
  no_answer,  ///< within the time of the probe
  failed,     ///< could not even be sent; `error` has the words
};

/// One service at the central side, by one protocol.
struct Reach {
  std::string service;  ///< "tftp", "http", "sccp", "sip", "stun"
  Transport transport = Transport::udp;
  std::string name;  ///< as configured: "pbx.example.net:2000"
  Endpoint at;       ///< what was asked; no address while the name could not be resolved
  PortState state = PortState::not_tried;
  std::optional<Duration> round_trip;
  std::string error{};
  bool used = true;  ///< false: nothing is sent this way, it was only tested what gateways do to it
};

/// One name that settings use.
struct DnsFact {
  std::string name;
  std::vector<IpAddress> addresses;
  std::optional<Duration> took;
  std::string error;  ///< empty: resolved
};

struct NetworkFacts {
  std::optional<WallTime> measured_at;  ///< nothing: never measured
  std::string measured_against;         ///< the STUN server: "pbx.example.net:3478", empty if none is set
  std::string stun_error;               ///< why STUN gave no result; empty: it did

  std::optional<Endpoint> local;      ///< of the socket that was measured
  std::optional<Endpoint> reflexive;  ///< the same, as the STUN server saw it
  std::optional<bool> udp_blocked;    ///< no UDP is answered where an answer is due, and TCP is

  std::vector<IpAddress> hops;  ///< the first routers on the way, nearest first; empty: that one is hidden
  NatPath path = NatPath::unknown;
  std::optional<IpAddress> router_external;  ///< what the router says of itself (PCP, NAT-PMP, UPnP)
  NatBehaviour mapping = NatBehaviour::unknown;
  NatBehaviour filtering = NatBehaviour::unknown;
  /// The STUN server has only one address, so address-dependent behaviour can't be distinguished from
  /// endpoint-independent.
  bool one_address = false;
  std::optional<bool> port_preserved;  ///< the mapping has the local port's number
  std::optional<bool> hairpin;         ///< two hosts behind this NAT reach each other by its outer address

  std::optional<std::chrono::seconds> mapping_lifetime;  ///< a UDP mapping lived at least this long without packets
  std::optional<std::chrono::seconds> mapping_dead_at;   ///< and was gone after this long; nothing: never seen to die
  std::optional<WallTime> lifetime_measured_at;

  std::optional<bool> tftp_alg;
  std::string tftp_alg_seen;      ///< how: "a datagram from another port came in, which filtering does not allow
                                  ///< otherwise"
  std::vector<AlgProbe> sip_alg;  ///< at most one per transport
  AlgProbe http_proxy{Transport::tcp, false, {}, {}, {}};  ///< a transparent proxy on HTTP

  std::vector<Reach> reach;
  std::vector<DnsFact> dns;

  /// The far side answered a probe as only a Dropwire does; a Dropwire answers STUN too.
  bool far_side_is_dropwire() const {
    if (reflexive || http_proxy.known()) return true;
    for (const AlgProbe& probe : sip_alg)
      if (probe.known()) return true;
    return false;
  }
};

constexpr std::string_view to_string(NatBehaviour b) {
  switch (b) {
    case NatBehaviour::unknown:
      return "unknown";
    case NatBehaviour::endpoint_independent:
      return "endpoint_independent";
    case NatBehaviour::address_dependent:
      return "address_dependent";
    case NatBehaviour::address_and_port_dependent:
      return "address_and_port_dependent";
  }
  return "unknown";
}
constexpr std::string_view to_string(NatPath p) {
  switch (p) {
    case NatPath::unknown:
      return "unknown";
    case NatPath::none:
      return "none";
    case NatPath::nat:
      return "nat";
    case NatPath::carrier:
      return "carrier";
    case NatPath::double_nat:
      return "double_nat";
  }
  return "unknown";
}
constexpr std::string_view to_string(Transport t) {
  return t == Transport::udp ? "udp" : "tcp";
}
constexpr std::string_view to_string(PortState s) {
  switch (s) {
    case PortState::not_tried:
      return "not_tried";
    case PortState::open:
      return "open";
    case PortState::refused:
      return "refused";
    case PortState::no_answer:
      return "no_answer";
    case PortState::failed:
      return "failed";
  }
  return "not_tried";
}

}  // namespace dw::doctor
