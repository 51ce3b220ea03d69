#include "sbc/sip/client_half.hpp"

#include <utility>

namespace dw::sip {

void ClientHalf::send(TimePoint now, Duration answer_within, Output& out) {
  state = State::calling;
  silent = true;
  sent_at = now;
  answer_by = answer_within == Duration{} ? kNever : now + answer_within;
  until = now + kTransactionTimeout;
  interval = kT1;
  resend = to.is_reliable() ? kNever : now + kT1;
  out.send(to, forwarded);
}

bool ClientHalf::on_response(TimePoint now, bool invite, std::uint16_t status) {
  silent = false;
  answer_by = kNever;
  if (status < 200) {
    if (!pending()) return false;
    const bool first = state == State::calling;
    state = State::proceeding;
    if (invite) {
      resend = kNever;
      // Timer C runs from the request, and again from each provisional response but 100 (RFC 3261 §16.6 step 11, §16.7
      // step 2).
      if (!cancelled && !cancel_sent) {
        if (status > 100) until = now + kTimerC;
        if (status == 100 && first) until = sent_at + kTimerC;
      }
    } else if (resend != kNever) {
      interval = kT2;
    }
    return true;
  }
  if (invite && status < 300) {
    if (state == State::completed || state == State::ended) return false;
    if (state != State::accepted) until = now + kTransactionTimeout;  // timer M
    state = State::accepted;
  } else {
    if (!pending()) return false;
    state = State::completed;
    until = now + (to.is_reliable() ? Duration{} : invite ? kTimerD : kT4);  // timers D and K
  }
  resend = kNever;
  cancel.clear();
  if (!invite || status < 300) std::string().swap(forwarded);  // of a refused INVITE it is the ACK now
  return true;
}

void ClientHalf::send_cancel(TimePoint now, std::string text, Output& out) {
  cancel_sent = true;
  out.send(to, text);
  // Whoever was asked has as long to say 487 as it has for any answer (RFC 3261 §9.1).
  until = now + kTransactionTimeout;
  if (to.is_reliable()) return;
  cancel = std::move(text);
  interval = kT1;
  resend = now + kT1;
}

void ClientHalf::on_cancel_response() {
  cancel.clear();
  resend = kNever;
}

void ClientHalf::go_on(TimePoint now) {
  state = State::proceeding;
  until = now + kTimerC;
}

void ClientHalf::end() {
  state = State::ended;
  resend = until = answer_by = kNever;
  cancel.clear();
}

void ClientHalf::resend_due(TimePoint now, bool invite, bool may, Output& out) {
  if (may) out.send(to, cancel.empty() ? forwarded : cancel);
  // Timer A doubles without end, timer E up to T2 (RFC 3261 §17.1.1.2, §17.1.2.2).
  interval = invite && cancel.empty() ? 2 * interval : std::min(2 * interval, kT2);
  resend = now + interval;
}

}  // namespace dw::sip
