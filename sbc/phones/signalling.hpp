#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/media_broker.hpp"
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

/// A call of one phone, running or just ended, with what its media did. What `dropwire calls` shows.
struct Call {
  enum class Way : std::uint8_t { unknown, outgoing, incoming };
  /// The four ends of one stream, outermost first, and what passed between them.
  struct Stream {
    Endpoint phone;           ///< where the phone's packets come from; before that where it says it receives
    Endpoint phone_facing;    ///< ours
    Endpoint central_facing;  ///< ours
    Endpoint far_end;         ///< where they go on the central side
    std::string codec;        ///< "PCMU", "G722"…; empty: not told
    MediaReport media;
    /// Both ways were open at the same time for at least this long: what "one way" is measured against.
    Duration both_open{};
  };
  std::string device;  ///< empty for a SIP phone that says no device name
  Protocol protocol = Protocol::unknown;
  Endpoint peer;                ///< the phone's signalling address; SCCP need not tell it
  std::uint32_t reference = 0;  ///< SCCP call reference
  unsigned line = 0;            ///< SCCP line instance, from 1
  std::string call_id;          ///< SIP Call-ID; untrusted text
  std::string own_number;       ///< SIP: user of the phone's own address; untrusted text
  Way way = Way::unknown;
  std::string state;       ///< "off hook", "ringing", "connected", "on hold"…; "ended"
  std::string far_number;  ///< untrusted text
  std::string far_name;    ///< untrusted text
  WallTime since{};
  Duration duration{};          ///< so far, or in all
  std::vector<Stream> streams;  ///< audio first; at most 8
  // Of one that is over, for its record.
  std::string server;                ///< "pbx.example.net:5060"
  WallTime began{};                  ///< it rang, or was dialled; zero: at `since`
  std::optional<WallTime> answered;  ///< nothing: it was not taken, or that was not told
  bool preserved = false;            ///< it went on when its signalling was lost
  std::string ended_by;              ///< "phone", "central", "dropwire"; empty: not told
  std::string reason;                ///< in a few words, where `ended_by` does not say all
};
std::string_view to_string(Call::Way way);  ///< "", "outgoing", "incoming"

}  // namespace dw::phones
