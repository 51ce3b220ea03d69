#pragma once
#include "tests/support/sccp_media.hpp"

namespace dw::sim {

inline constexpr unsigned kNewestVersion = 22;

/// Whose manners a simulated call server has (sccp.md §1.5, captures).
enum class Dialect { cucm, chan_sccp, chan_skinny, freeswitch };

std::string_view to_string(Dialect dialect);
std::optional<Dialect> dialect_of(std::string_view name);  ///< "cucm", "chan_sccp", "chan_skinny", "freeswitch"

/// What a dialect does with a phone that offers a version.
struct Manners {
  unsigned version = 0;            ///< what the server takes as agreed
  std::size_t ack_size = 20;       ///< RegisterAck
  std::uint32_t ack_version = 0;   ///< its octet 16
  AddressForm form{};              ///< of media messages, both ways
  std::uint32_t header = 0;        ///< header version of what is not media
  std::uint32_t media_header = 0;  ///< … and of what is
  std::size_t open_size = 0, start_size = 0, close_size = 0, stop_size = 0;
  bool names_source = false;     ///< OpenReceiveChannel names the far end's address
  bool zero_conference = false;  ///< in Close and Stop
  bool start_has_call = true;    ///< Start, Open, Close and Stop carry the call reference
  bool dynamic_texts = false;    ///< CallInfo 0x014A, prompts 0x0145
  bool answers_queries = true;   ///< ConfigStat, ForwardStat, FeatureStat, token
  bool lamps_before_ack = false;
  bool statistics = false;         ///< asks for ConnectionStatistics when a call ends
  bool rejects_crossover = false;  ///< a second session of a device ends both
  bool acks_unregister = true;     ///< else it just closes
  bool whole_headers = false;      ///< a header that comes in pieces ends the session
  std::size_t largest_frame = 4096;
  double expiry = 3.0;  ///< keepalive intervals of silence that end a session
};

Manners manners_of(Dialect dialect, unsigned offered);

}  // namespace dw::sim
