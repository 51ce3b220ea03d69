#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/endpoint.hpp"

namespace dw::sip {

enum class Transport : std::uint8_t { udp, tcp, tls };
std::string_view to_string(Transport transport);  ///< "UDP", as a Via has it

/// Where phones are, and where the central server, or the next Dropwire, is.
enum class Side : std::uint8_t { access, central };
constexpr Side other(Side side) {
  return side == Side::access ? Side::central : Side::access;
}

/// One TCP connection, never used twice. Given by Proxy.
enum class ConnectionId : std::uint64_t { none = 0 };

/// One way to and from somebody: a pair of UDP addresses, or a connection.
struct Flow {
  Transport transport = Transport::udp;
  Endpoint local;  ///< ours: what is sent leaves from it
  Endpoint peer;
  ConnectionId connection = ConnectionId::none;  ///< none: UDP
  /// TCP or TLS: what is sent arrives, or the connection ends.
  bool is_reliable() const { return transport != Transport::udp; }
  friend bool operator==(const Flow&, const Flow&) = default;
};

/// How a phone can be reached, as far as is known (sip-sbc §2.4): it sends from one UDP port and may listen at another,
/// and a router may stand between.
struct Reach {
  enum class Answers : std::uint8_t { unknown, at_contact, at_source };
  Flow flow;                       ///< of the last request that the central server took
  IpAddress stated;                ///< its address in its own words; none: a name
  std::uint16_t contact_port = 0;  ///< that its Contact names
  Answers answers = Answers::unknown;

  bool behind_nat() const { return stated != flow.peer.address; }
  Endpoint at_contact() const { return {flow.peer.address, contact_port}; }
  /// Where a request goes by UDP: what it answered, else the Contact's port on a LAN and the flow behind a
  /// router.
  Endpoint destination() const {
    const bool contact = answers == Answers::at_contact || (answers == Answers::unknown && !behind_nat());
    return contact && contact_port != 0 ? at_contact() : flow.peer;
  }
  /// The port that destination() is not, if there is one.
  Endpoint other_destination() const {
    return destination() == flow.peer && contact_port != 0 ? at_contact() : flow.peer;
  }
};

/// "192.0.2.1", "[2001:db8::1]": as a SIP URI and a Via have it.
std::string host_text(const IpAddress& address);
/// With ":port" unless that is 5060.
std::string host_port_text(const Endpoint& at);
inline constexpr std::uint16_t kSipPort = 5060;

}  // namespace dw::sip
