#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "sbc/base/source.hpp"
#include "sbc/base/time.hpp"
#include "sbc/sip/flow.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/timers.hpp"

namespace dw::sip {

/// The server side of a transaction, toward whoever sent its request (RFC 3261 §17.2, RFC 6026): sends a response again
/// when the request comes again or timer G fires, and ends by timers H, I, J and L. Part of a Transaction, which knows
/// the method; `invite`: it is INVITE.
struct ServerHalf {
  enum class State : std::uint8_t {
    none,  ///< our own request, or over
    trying,
    proceeding,
    completed,  ///< a final response went, and is sent again when the request is
    confirmed,  ///< its ACK came
    accepted,   ///< a 2xx to INVITE went (RFC 6026)
  };
  State state = State::none;
  std::string key;  ///< server_key()
  Flow from;
  Endpoint answer_to;                   ///< UDP: where responses go
  std::string request;                  ///< as it came, until it has its final response
  std::size_t octets = 0;               ///< size of the request, while it counts in the tables
  std::optional<Standing> counts_as{};  ///< in the share of its source; none: it is in nobody's
  std::string response;                 ///< the last one
  std::uint16_t status = 0;             ///< of it
  TimePoint responded_at{};
  bool brief = false;    ///< refused here before it went anywhere: refused again when it comes again (RFC 3261 §8.2.7)
  unsigned repeats = 0;  ///< how often the request came again although it was answered
  TimePoint resend = kNever, until = kNever;
  Duration interval{};

  /// The flow that responses take.
  Flow to_sender() const;
  /// Whether a response with this status may still go. A 2xx may follow a 2xx, which several branches or a lost ACK
  /// cause; nothing follows another final one.
  bool may_respond(std::uint16_t next) const;
  /// Sends it and keeps it.
  void respond(TimePoint now, bool invite, std::string text, std::uint16_t next, Output& out);
  /// The request came again. True: the sender seems not to hear our answer (it was answered
  /// long enough ago that this copy did not cross the answer, and is no duplicate of the network's).
  bool on_repeat(TimePoint now);
  /// Sends the last response again. A 2xx to INVITE is repeated by whoever sent it, end to end (RFC 6026 §7.1).
  void respond_again(Output& out) const;
  /// False: it is the ACK of a 2xx, which goes on end to end.
  bool on_ack(TimePoint now);
  /// Sends again what is due (timer G), and ends what is over.
  void resend_due(TimePoint now, Output& out);
  void end_if_due(TimePoint now);
  TimePoint next_deadline() const { return std::min(resend, until); }
  bool is_over() const { return state == State::none || (until == kNever && status >= 200); }
};

}  // namespace dw::sip
