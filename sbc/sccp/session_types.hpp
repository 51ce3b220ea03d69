#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/signalling_event.hpp"
#include "sbc/sccp/call_table.hpp"
#include "sbc/sccp/frame.hpp"

// What passes between a session and its shell.
namespace dw::sccp {

struct SessionOptions {
  bool any_device_name = false;                     ///< see station_name
  std::uint32_t max_version = kMaxProtocolVersion;  ///< phones that offer a higher one offer this
  bool blank_text = false;                          ///< addresses in texts of phones become zeroes
  Duration media_idle = std::chrono::seconds(300);  ///< a channel without packets for so long is silent
  std::vector<std::string> emergency;               ///< numbers whose calls find room in any case
  /// All addresses of the configured call servers, as far as they are known: audio may come from each. The shell keeps
  /// them right.
  std::vector<IpAddress> call_servers{};
  friend bool operator==(const SessionOptions&, const SessionOptions&) = default;
};

/// Counted over all sessions.
struct SessionCounters {
  std::uint64_t from_phones = 0, from_servers = 0;  ///< whole messages
  std::uint64_t rewritten = 0;                      ///< messages that left with another content
  std::uint64_t dropped = 0;                        ///< by policy: wrong direction, multicast, URIs that start media
  std::uint64_t malformed = 0;                      ///< connections that ended with a bad frame
  std::uint64_t layout_conflicts = 0;
  std::uint64_t answered = 0;       ///< messages that we answered ourselves
  std::uint64_t no_media = 0;       ///< channels refused, as there were no ports
  std::uint64_t calls_refused = 0;  ///< by CallLimits
};

/// What people who look after phones want to know.
struct SessionEvent {
  using Kind = SignallingEvent;
  Kind kind{};
  std::string text;                    ///< a reason, or whatever else its kind needs said
  std::shared_ptr<const Call> call{};  ///< of call_up and call_over: most events have none
  Endpoint at;                         ///< of receives
};

/// Why a session has to end.
enum class EndReason : std::uint8_t {
  bad_frame,    ///< not SCCP, or not any more
  not_allowed,  ///< a message that is not taken before registration
  bad_name,
  refused,        ///< `refuse` was called
  too_slow,       ///< nothing came, or no registration
  overflow,       ///< too much came before the server was connected
  phone_silent,   ///< for three keepalive intervals
  server_silent,  ///< it did not answer three keepalives, or the registration
  reset,          ///< the phone was reset, has no call, and did not hang up
};

/// Who ended a connection.
enum class ClosedBy : std::uint8_t {
  phone,
  server,
  us,        ///< we hung up
  shutdown,  ///< as the program ends: nothing goes on
};

/// Reset's type (sccp §3.9).
enum class ResetType : std::uint32_t { reset = 1, restart = 2, apply_config = 3 };

/// What the shell has to do after a call into the session; the shell clears and reuses it.
struct Output {
  Buffer to_phone, to_server;    ///< whole frames
  bool connect = false;          ///< open the connection to a server: on_server_connected or on_closed follows
  bool admit = false;            ///< may `device()` register? on_admitted or refuse follows
  bool no_ports = false;         ///< a channel found no ports: silent ones of other sessions should give way
  std::optional<EndReason> end;  ///< send what there is, close both sides, then call on_closed
  std::string end_text;
  std::vector<SessionEvent> events;
  std::vector<LostCall> preserved;  ///< of on_closed: calls that go on; their streams are the caller's now
  void clear();
  void report(SessionEvent::Kind kind, std::string text = {}) {
    events.push_back({kind, std::move(text), nullptr, {}});
  }
};

/// Where the phone's connection comes from, and how we are called on that side.
struct PhoneSide {
  Endpoint phone;
  IpAddress local;      ///< our address that it came to
  Endpoint advertised;  ///< what the phone knows us by: `local` and the SCCP port, or what was configured
};
/// The same for the server's.
struct ServerSide {
  IpAddress local;       ///< our address that the connection goes out from
  IpAddress advertised;  ///< what the server knows us by: `local`, or what was configured
  Endpoint server;
};
struct Sides {
  PhoneSide phone;
  std::optional<ServerSide> server{};  ///< once it is connected
};

}  // namespace dw::sccp
