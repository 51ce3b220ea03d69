#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/call.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"
#include "sbc/phones/protocol.hpp"

namespace dw::phones {

enum class SignallingEvent : std::uint8_t {
  connected,     ///< the phone reached us; the central server is being asked
  no_server,     ///< no central server could be had, the phone was let go to try its next one
  registered,    ///< the central server took it
  refused,       ///< the central server, or we, said no: `detail` has the words
  unregistered,  ///< the phone said good-bye
  superseded,    ///< a newer connection of the same phone took its place
  reset,       ///< the central server, or (`server` empty) a person told it to restart; `detail`: "reset", "restart" or
               ///< "apply config"
  phone_lost,  ///< its connection ended without good-bye; `detail` says how
  server_lost,       ///< the central server's side ended; the phone was let go to try again
  keepalive_missed,  ///< the phone, or the server (`detail`), did not answer in its own interval
  lines,             ///< the central server told it its lines
  call_preserved,    ///< its call goes on without signalling; `detail`: the other party's number
  media_silent,  ///< a call's media came to nothing for long; `detail` says for how long, and whether it was given up
  // SIP alone.
  bad_password,  ///< the server challenged again what the phone had signed
  alarm,         ///< the phone told why it restarted; `detail` has Cisco's alarm text
  unheard,       ///< it repeats its request although we answered; `detail`: what is tried next
  unreachable,   ///< registered, and nothing of ours reaches it; `detail`: the ports that were tried
  reachable,     ///< it answered our OPTIONS
  altered,       ///< a router on the way (SIP ALG) changed our message; `detail`: what was sent and what came
  call_refused,  ///< a limit of ours refused a call: `detail` names the setting. Of SCCP too
  no_date,       ///< the server took it and told no Date: the phone's clock stays unset
};
std::string_view to_string(SignallingEvent event);

/// One step of a phone's registration with the central server, told as it happens. A SIP phone registers each
/// of its lines by itself: steps about one have its `aor`. Of SIP, `unregistered`, `superseded`, `phone_lost`
/// and `server_lost` mean that the line's binding is gone; a closed connection whose line is registered on
/// another one is no step. `registered` may be told of every refresh, `unreachable`, `reachable`, `altered`
/// and `no_date` as often as they are seen: what a story has already is left out of it.
struct SignallingStep {
  WallTime at{};
  /// As the phone names itself; passed the name rules: safe to show. Empty for a SIP phone that says no
  /// device name: the step is the phone's that is alone at peer.address, else of a record of that address.
  std::string device;
  Protocol protocol = Protocol::unknown;
  SignallingEvent event{};
  Endpoint peer;         ///< the phone's signalling address as we see it
  IpAddress stated;      ///< the address that it says it has
  std::string server;    ///< "pbx.example.net:2000"; empty while none is connected
  std::string detail;    ///< may quote untrusted text
  unsigned version = 0;  ///< the protocol version that was agreed; 0: not known
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
