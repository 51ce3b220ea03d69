#pragma once
#include <cstdint>
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
  reset,         ///< the central server told it to restart; `detail`: "reset", "restart" or "apply config"
  phone_lost,    ///< its connection ended without good-bye; `detail` says how
  server_lost,   ///< the central server's side ended; the phone was let go to try again
  keepalive_missed,  ///< the phone, or the server (`detail`), did not answer in its own interval
  lines,             ///< the central server told it its lines
};
std::string_view to_string(SignallingEvent event);

/// One step of a phone's registration with the central server, told as it happens.
struct SignallingStep {
  WallTime at{};
  std::string device;  ///< as the phone names itself; passed the name rules: safe to show
  Protocol protocol = Protocol::unknown;
  SignallingEvent event{};
  Endpoint peer;                   ///< the phone's signalling address as we see it
  IpAddress stated;                ///< the address that it says it has
  std::string server;              ///< "pbx.example.net:2000"; empty while none is connected
  std::string detail;              ///< may quote untrusted text
  unsigned version = 0;            ///< the protocol version that was agreed; 0: not known
  unsigned device_type = 0;        ///< SCCP's number of the model (7: 7960…); 0: not known
  std::string firmware;            ///< the load it says it runs; untrusted text
  std::vector<std::string> lines;  ///< for `lines`: directory numbers; untrusted text
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
  std::string device;
  Protocol protocol = Protocol::unknown;
  std::uint32_t reference = 0;  ///< SCCP call reference
  unsigned line = 0;            ///< line instance, from 1
  Way way = Way::unknown;
  std::string state;       ///< "off hook", "ringing", "connected", "on hold"…; "ended"
  std::string far_number;  ///< untrusted text
  std::string far_name;    ///< untrusted text
  WallTime since{};
  Duration duration{};          ///< so far, or in all
  std::vector<Stream> streams;  ///< audio first; at most 8
};
std::string_view to_string(Call::Way way);  ///< "", "outgoing", "incoming"

}  // namespace dw::phones
