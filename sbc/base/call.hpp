#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/media_broker.hpp"
#include "sbc/base/protocol.hpp"
#include "sbc/base/time.hpp"

namespace dw {

/// One relayed stream of a call, with the four addresses that it has and what passed between them.
struct CallStream {
  MediaPorts ports;                 ///< ours
  Endpoint phone_stated;            ///< where the phone says that it receives
  std::optional<Endpoint> far_end;  ///< where the phone's packets go on the central side; none: nowhere
  std::string codec;                ///< RTP/AVP name: "PCMU", "G722"…; empty: not known
  MediaReport media;
  /// Both ways were open at the same time for at least this long: what "one way" is measured against.
  Duration both_open{};

  /// Where the phone's packets come from; before the first one, where it says that it receives.
  const Endpoint& phone() const { return media.phone ? *media.phone : phone_stated; }
};

/// A call of one phone, running or just ended, of either protocol. The core of the protocol fills it; its shell adds
/// `peer`, `server` and `since` where the core does not know them.
struct Call {
  enum class Way : std::uint8_t { unknown, outgoing, incoming };
  enum class EndedBy : std::uint8_t { unknown, phone, central, us };
  using Stream = CallStream;
  static constexpr std::size_t kMaxText = 64;    ///< octets of a number or name that are kept
  static constexpr std::size_t kMaxStreams = 8;  ///< ended streams that are kept; older ones go

  std::string device;  ///< empty for a SIP phone that says no device name
  Protocol protocol = Protocol::unknown;
  Endpoint peer;                ///< the phone's signalling address; none for a call that outlived its connection
  std::uint32_t reference = 0;  ///< SCCP call reference
  std::uint32_t line = 0;       ///< SCCP line instance, from 1
  std::string call_id;          ///< SIP Call-ID; untrusted text
  std::string own_number;       ///< SIP: user of the phone's own address; untrusted text
  Way way = Way::unknown;
  std::string state;                 ///< "off hook", "ringing", "connected", "on hold"…; "ended"
  std::string far_number, far_name;  ///< untrusted text
  TimePoint start{};                 ///< SCCP: it rang or was dialled; SIP: likewise, and once it is answered, that
  WallTime since{};                  ///< `start` as a date
  Duration duration{};               ///< from `start` until now, or until it ended
  Duration before{};                 ///< it rang or was dialled so long before `start`
  std::optional<Duration> answered;  ///< so long after `start`; nothing: it was not, or that is not known
  std::vector<CallStream> streams;   ///< audio first
  // Of one that is over, for its record.
  std::string server;      ///< "pbx.example.net:5060"
  bool preserved = false;  ///< it went on when its signalling was lost
  EndedBy ended_by = EndedBy::unknown;
  std::string reason;  ///< in a few words, where `ended_by` does not say all
};
std::string_view to_string(Call::Way way);           ///< "", "outgoing", "incoming"
std::string_view to_string(Call::EndedBy ended_by);  ///< "", "phone", "central", "dropwire"

}  // namespace dw
