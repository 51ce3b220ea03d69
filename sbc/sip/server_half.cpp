#include "sbc/sip/server_half.hpp"

#include <algorithm>
#include <utility>

namespace dw::sip {

Flow ServerHalf::to_sender() const {
  Flow to = from;
  if (to.transport == Transport::udp) to.peer = answer_to;
  return to;
}

bool ServerHalf::may_respond(std::uint16_t next) const {
  switch (state) {
    case State::none:
    case State::completed:
    case State::confirmed:
      return false;
    case State::accepted:
      return next >= 200 && next < 300;
    case State::trying:
    case State::proceeding:
      return true;
  }
  return false;
}

void ServerHalf::respond(TimePoint now, bool invite, std::string text, std::uint16_t next, Output& out) {
  out.send(to_sender(), text);
  response = std::move(text);
  status = next;
  responded_at = now;
  if (next < 200) {
    state = State::proceeding;
    return;
  }
  if (invite && next < 300) {
    if (state != State::accepted) until = now + kTransactionTimeout;  // timer L
    state = State::accepted;
  } else {
    state = State::completed;
    until = now + (invite || !from.is_reliable() ? kTransactionTimeout : Duration{});  // timers H and J
    if (invite && !from.is_reliable()) {
      interval = kT1;
      resend = now + kT1;
    }
  }
  if (brief) until = now;
  std::string().swap(request);  // its memory too, as a transaction outlives its answer by half a minute
}

bool ServerHalf::on_repeat(TimePoint now) {
  if (response.empty()) return false;
  const bool unheard = now - responded_at >= kHeardWithin;
  responded_at = now;
  if (unheard) ++repeats;
  return unheard;
}

void ServerHalf::respond_again(Output& out) const {
  if (response.empty() || state == State::accepted || state == State::confirmed) return;
  out.send(to_sender(), response);
}

bool ServerHalf::on_ack(TimePoint now) {
  if (state == State::accepted) return false;
  if (state != State::completed) return true;
  state = State::confirmed;
  resend = kNever;
  until = now + (from.is_reliable() ? Duration{} : kT4);  // timer I
  return true;
}

void ServerHalf::end_if_due(TimePoint now) {
  if (until > now) return;
  resend = until = kNever;
  state = State::none;
}

void ServerHalf::resend_due(TimePoint now, Output& out) {
  if (resend > now) return;
  out.send(to_sender(), response);
  interval = std::min(2 * interval, kT2);
  resend = now + interval;
}

}  // namespace dw::sip
