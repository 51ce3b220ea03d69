#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/call.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/signalling_event.hpp"
#include "sbc/base/time.hpp"
#include "sbc/phones/protocol.hpp"

namespace dw::phones {

using dw::SignallingEvent;

/// One step of a phone's registration with the central server, reported as it happens. A SIP phone registers each
/// of its lines by itself: steps about one have its `aor`. Of SIP, `unregistered`, `superseded`, `phone_lost`
/// and `server_lost` mean that the line's binding is gone; a closed connection whose line is registered on
/// another one is no step. `registered` may come with every refresh, `unreachable`, `reachable`, `altered`
/// and `no_date` as often as they are seen: what a story has already is left out of it.
struct SignallingStep {
  WallTime at{};
  /// As the phone names itself; passed the name rules: safe to show. Empty for a SIP phone that says no
  /// device name: the step is the phone's that is alone at peer.address, else of a record of that address.
  std::string device;
  Protocol protocol = Protocol::unknown;
  SignallingEvent event{};  ///< one that a story has: in_story()
  Endpoint peer;            ///< the phone's signalling address as we see it
  IpAddress stated;         ///< the address that it says it has
  std::string server;       ///< "pbx.example.net:2000"; empty while none is connected
  std::string detail;       ///< may quote untrusted text
  unsigned version = 0;     ///< the protocol version that was agreed; 0: not known
  /// SCCP's number of the model (7: 7960…), which Contact has too (+u.sip!model.ccm.cisco.com); 0: not known
  unsigned device_type = 0;
  std::string firmware;            ///< the load it says it runs; untrusted text
  std::vector<std::string> lines;  ///< for `lines`: directory numbers; untrusted text
  std::uint16_t status = 0;        ///< SIP status code of the server's answer; 0: none
  std::string transport;           ///< "udp", "tcp", "tls"; empty for SCCP
  std::string aor;                 ///< SIP: user of the address-of-record, "1001"; untrusted text
  std::string user_agent;          ///< SIP: "Cisco-CP7960G/8.0"; untrusted text
};

using dw::Call;
using dw::to_string;

}  // namespace dw::phones
