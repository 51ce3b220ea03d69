#pragma once
#include <algorithm>
#include <cstdint>
#include <string>

#include "sbc/base/time.hpp"
#include "sbc/sip/flow.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/timers.hpp"

namespace dw::sip {

/// The client side of a transaction, toward whoever gets its request (RFC 3261 §17.1, RFC 6026): sends the request, or
/// its CANCEL, again by timers A and E, and ends by timers B, C, D, F, K and M. Part of a Transaction, which knows the
/// method; `invite`: it is INVITE.
struct ClientHalf {
  enum class State : std::uint8_t { none, calling, proceeding, completed, accepted, ended };
  State state = State::none;
  std::string branch;          ///< of what is sent next
  std::string branch_indexed;  ///< of what was sent: responses are found by it
  Flow to;
  std::string forwarded;      ///< as it was sent; of a refused INVITE the ACK
  TimePoint sent_at{};        ///< to whoever has it now
  bool silent = true;         ///< whoever was asked has said nothing yet
  bool cancelled = false;     ///< by its sender
  bool cancel_sent = false;   ///< by us
  std::string cancel;         ///< as it was sent, while it may have to be sent again
  std::string cancel_fields;  ///< what it has beside what each CANCEL has: whole lines
  TimePoint resend = kNever, until = kNever;
  TimePoint answer_by = kNever;  ///< whoever was asked is taken for dead then
  Duration interval{};

  bool pending() const { return state == State::calling || state == State::proceeding; }
  bool is_over() const { return state == State::none || state == State::ended; }
  TimePoint next_deadline() const { return std::min({resend, until, answer_by}); }

  /// Sends `forwarded`. `answer_within`: 0 none.
  void send(TimePoint now, Duration answer_within, Output& out);
  /// Whether a response is new: false, it came again or too late.
  bool on_response(TimePoint now, bool invite, std::uint16_t status);
  /// CANCEL may go once a provisional response came (RFC 3261 §9.1).
  bool may_cancel() const { return state == State::proceeding; }
  void send_cancel(TimePoint now, std::string text, Output& out);
  void on_cancel_response();
  /// Timer C fired, and is set once more (RFC 3261 §16.8).
  void go_on(TimePoint now);
  /// It is over, nobody else will answer.
  void end();
  /// Sends again what is due (timers A and E). `may`: false, only the next time.
  void resend_due(TimePoint now, bool invite, bool may, Output& out);
};

}  // namespace dw::sip
