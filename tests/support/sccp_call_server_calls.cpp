// Call control of the simulated call server (sccp.md §3.5 to §3.8).
#include <algorithm>

#include "tests/support/sccp_call_server.hpp"

namespace dw::sim {

namespace {

using Kind = ServerEvent::Kind;
constexpr std::uint32_t kDialTone = 0x21, kAlertingTone = 0x24, kReorderTone = 0x25;
constexpr std::uint32_t kRingerOff = 1, kRingerInside = 2;
constexpr std::size_t kLongestNumber = 16;

}  // namespace

SccpCallServer::Leg* SccpCallServer::leg(unsigned key) {
  const auto found = legs_.find(key);
  return found == legs_.end() ? nullptr : &found->second;
}

const SccpCallServer::Leg* SccpCallServer::leg(unsigned key) const {
  const auto found = legs_.find(key);
  return found == legs_.end() ? nullptr : &found->second;
}

SccpCallServer::Leg& SccpCallServer::add_leg(int connection, LegState state, const ChannelIds* shared) {
  const unsigned n = next_leg_++;
  Leg& added = legs_[n];
  added.connection = connection;
  added.state = state;
  switch (options_.dialect) {  // who picks which ids: sccp.md §4.1
    case Dialect::cucm:
      added.ids = {0x01000010 + n, 0x01000100 + n, 0x01000010 + n};
      break;
    case Dialect::chan_sccp:
      added.ids = {n, ~n, n};
      break;
    case Dialect::chan_skinny:
    case Dialect::freeswitch:
      added.ids = {n, n, n};
      break;
  }
  if (shared != nullptr && options_.shared_ids) added.ids = *shared;
  return added;
}

// The leg with that call reference on that connection; with 0 its newest.
unsigned SccpCallServer::key_of(int connection, std::uint32_t call) const {
  for (auto it = legs_.rbegin(); it != legs_.rend(); ++it) {
    if (it->second.connection == connection && (call == 0 || it->second.ids.call == call)) return it->first;
  }
  return 0;
}

unsigned SccpCallServer::newest(int connection, LegState state) const {
  for (auto it = legs_.rbegin(); it != legs_.rend(); ++it) {
    if (it->second.connection == connection && it->second.state == state) return it->first;
  }
  return 0;
}

bool SccpCallServer::take_user(int connection, const SccpFrame& frame) {
  const Bytes body = frame.body;
  switch (frame.id) {
    case id::kOffHook:
      if (const unsigned ringing = newest(connection, LegState::ringing_in); ringing != 0) {
        answer(ringing);
      } else {
        begin_dialing(connection, 0);
      }
      return true;
    case id::kOnHook:
      end(newest(connection), true);
      return true;
    case id::kKeypadButton:
      on_button(connection, body);
      return true;
    case id::kEnblocCall:
      begin_dialing(connection, 0);
      route(newest(connection, LegState::dialing), text_at(body, 0, 24));
      return true;
    case id::kSoftKeyEvent:
      on_soft_key(connection, static_cast<SoftKey>(u32_at(body, 0)), u32_at(body, 8));
      return true;
    case id::kStimulus: {
      const std::uint32_t stimulus = u32_at(body, 0);  // 3 hold, 4 transfer
      if (stimulus == 4) on_soft_key(connection, SoftKey::transfer, 0);
      if (stimulus == 3) {
        const bool resumes = newest(connection, LegState::connected) == 0;
        on_soft_key(connection, resumes ? SoftKey::resume : SoftKey::hold, 0);
      }
      return true;
    }
    default:
      return false;
  }
}

void SccpCallServer::on_soft_key(int connection, SoftKey key, std::uint32_t call) {
  const auto pick = [&](LegState state) { return call != 0 ? key_of(connection, call) : newest(connection, state); };
  switch (key) {
    case SoftKey::new_call:
      begin_dialing(connection, 0);
      break;
    case SoftKey::hold:
      hold(pick(LegState::connected));
      break;
    case SoftKey::resume:
      resume(pick(LegState::held));
      break;
    case SoftKey::transfer:
      transfer(call != 0 ? key_of(connection, call) : newest(connection));
      break;
    case SoftKey::answer:
      answer(pick(LegState::ringing_in));
      break;
    case SoftKey::end_call:
      end(key_of(connection, call), true);
      break;
  }
}

// The order of CallManager 4.1 (sccp.md §3.5 step 2).
void SccpCallServer::begin_dialing(int connection, unsigned consult_for) {
  Leg& added = add_leg(connection, LegState::dialing, nullptr);
  const unsigned key = next_leg_ - 1;
  added.consult_for = consult_for;
  added.outgoing = true;
  const std::uint32_t call = added.ids.call;
  send(connection, id::kSetRinger, Body(16).u32(0, kRingerOff).u32(4, 1).take());
  send(connection, id::kSetSpeakerMode, Body(4).u32(0, 1).take());
  send(connection, id::kSetLamp, Body(12).u32(0, 9).u32(4, 1).u32(8, 2).take());
  show(key, CallPhase::off_hook);
  send_prompt(connection, call, "Enter number");
  send(connection, id::kActivatePlane, Body(4).u32(0, 1).take());
  send(connection, id::kStartTone, Body(16).u32(0, kDialTone).u32(8, 1).u32(12, call).take());
}

void SccpCallServer::on_button(int connection, Bytes body) {
  const unsigned key = newest(connection, LegState::dialing);
  Leg* dialing = leg(key);
  if (dialing == nullptr) return;  // DTMF in a call
  if (dialing->dialled.empty()) {
    send(connection, id::kStopTone, Body(12).u32(0, 1).u32(4, dialing->ids.call).take());
  }
  const std::uint32_t button = u32_at(body, 0);
  if (button <= 9) dialing->dialled += static_cast<char>('0' + button);
  const std::string number = dialing->dialled;
  const bool known = number == options_.echo ||
                     std::ranges::any_of(options_.devices, [&](const auto& device) { return device.second == number; });
  if (known || button == 15 || number.size() >= kLongestNumber) route(key, number);
}

void SccpCallServer::route(unsigned key, const std::string& number) {
  Leg* caller = leg(key);
  if (caller == nullptr) return;
  const int from = caller->connection;
  caller->dialled = caller->far = number;
  tell({.kind = Kind::calling, .device = connections_[from].device, .text = number});
  send(from, id::kStopTone, Body(12).u32(0, 1).u32(4, caller->ids.call).take());
  send(from, id::kDialedNumber, Body(36).text(0, 24, number).u32(24, 1).u32(28, caller->ids.call).take());
  show(key, CallPhase::proceed);
  if (number == options_.echo) {
    caller->echo = true;
    caller->state = LegState::connected;
    send_call_info(key);
    show_connected(key);
    settle_media(key);
    return;
  }
  for (const auto& [callee, c] : connections_) {
    if (c.registered && c.extension == number && callee != from) return ring(key, callee);
  }
  show(key, CallPhase::busy);
  send(from, id::kStartTone, Body(16).u32(0, kReorderTone).u32(8, 1).u32(12, caller->ids.call).take());
}

// Rings the callee, lets the caller hear it (sccp.md §3.6).
void SccpCallServer::ring(unsigned caller, int callee) {
  Leg& called = add_leg(callee, LegState::ringing_in, &leg(caller)->ids);
  const unsigned key = next_leg_ - 1;
  Leg& calling = *leg(caller);
  called.peer = caller;
  calling.peer = key;
  called.far = connections_[calling.connection].extension;
  show(key, CallPhase::ring_in);
  send_call_info(key);
  send_prompt(callee, called.ids.call, "From " + called.far);
  send(callee, id::kSetLamp, Body(12).u32(0, 9).u32(4, 1).u32(8, 5).take());
  send(callee, id::kSetRinger, Body(16).u32(0, kRingerInside).u32(4, 1).take());

  calling.state = LegState::ringing_out;
  send_call_info(caller);
  show(caller, CallPhase::ring_out);
  send(calling.connection, id::kStartTone, Body(16).u32(0, kAlertingTone).u32(8, 1).u32(12, calling.ids.call).take());
  settle_media(caller);  // early media
}

void SccpCallServer::answer(unsigned key) {
  Leg* called = leg(key);
  if (called == nullptr || called->state != LegState::ringing_in) return;
  called->state = LegState::connected;
  tell({.kind = Kind::answered, .device = connections_[called->connection].device});
  send(called->connection, id::kSetRinger, Body(16).u32(0, kRingerOff).u32(4, 1).take());
  send(called->connection, id::kSetSpeakerMode, Body(4).u32(0, 1).take());
  show(key, CallPhase::off_hook);
  send(called->connection, id::kActivatePlane, Body(4).u32(0, 1).take());
  show_connected(key);
  if (Leg* caller = leg(called->peer); caller != nullptr && caller->state == LegState::ringing_out) {
    caller->state = LegState::connected;
    send(caller->connection, id::kStopTone, Body(12).u32(0, 1).u32(4, caller->ids.call).take());
    send_call_info(called->peer);
    show_connected(called->peer);
  }
  settle_both(key);
}

void SccpCallServer::hold(unsigned key) {
  Leg* held = leg(key);
  if (held == nullptr || held->state != LegState::connected) return;
  held->state = LegState::held;
  tell({.kind = Kind::held, .device = connections_[held->connection].device});
  settle_both(key);
  show(key, CallPhase::hold);
  send(held->connection, id::kSetSpeakerMode, Body(4).u32(0, 2).take());
}

void SccpCallServer::resume(unsigned key) {
  Leg* resumed = leg(key);
  if (resumed == nullptr || resumed->state != LegState::held) return;
  hold(newest(resumed->connection, LegState::connected));
  resumed->state = LegState::connected;
  tell({.kind = Kind::resumed, .device = connections_[resumed->connection].device});
  send(resumed->connection, id::kSetSpeakerMode, Body(4).u32(0, 1).take());
  show_connected(key);
  settle_both(key);
}

void SccpCallServer::transfer(unsigned key) {
  const Leg* pressed = leg(key);
  if (pressed == nullptr) return;
  const int connection = pressed->connection;
  for (const auto& [consult, l] : legs_) {
    if (l.connection == connection && l.consult_for != 0 && leg(l.consult_for) != nullptr) {
      return complete_transfer(l.consult_for, consult);
    }
  }
  if (pressed->state != LegState::connected) return;
  hold(key);
  begin_dialing(connection, key);
}

// Joins the far parties of both calls and lets the transferring phone out.
void SccpCallServer::complete_transfer(unsigned held, unsigned consult) {
  const unsigned first = leg(held)->peer, second = leg(consult)->peer;
  const bool to_echo = leg(consult)->echo;
  Leg* x = leg(first);
  Leg* y = leg(second);
  if (x == nullptr || (y == nullptr && !to_echo)) return end(consult, true);  // nobody to join yet
  tell({.kind = Kind::transferred, .device = connections_[leg(held)->connection].device});
  const std::string target = leg(consult)->dialled;
  leg(held)->peer = leg(consult)->peer = 0;
  end(consult, false);
  end(held, false);
  x->peer = second;
  x->echo = to_echo;
  x->far = target;
  send_call_info(first);
  if (y != nullptr) {
    y->peer = first;
    y->far = connections_[x->connection].extension;
    send_call_info(second);
  }
  settle_both(first);
}

void SccpCallServer::end(unsigned key, bool both) {
  const auto found = legs_.find(key);
  if (found == legs_.end()) return;
  Leg& ended = found->second;
  const int connection = ended.connection;
  const Manners& manners = connections_[connection].manners;
  const bool talked = ended.receiving || ended.transmitting;
  close_media(ended);
  tell({.kind = Kind::ended, .device = connections_[connection].device});
  if (ended.own_port != 0) tell({.kind = Kind::media_done, .port = ended.own_port});
  if (talked && manners.statistics) {
    const bool late = manners.version >= 18;
    Body request(late ? 36 : 32);
    send(connection, id::kStatisticsReq, request.text(0, 24, ended.far).u32(late ? 28 : 24, ended.ids.call).take());
  }
  show(key, CallPhase::on_hook);
  send(connection, id::kClearPrompt, Body(8).u32(0, 1).u32(4, ended.ids.call).take());
  send(connection, id::kSetSpeakerMode, Body(4).u32(0, 2).take());
  send(connection, id::kSetRinger, Body(16).u32(0, kRingerOff).u32(4, 1).take());
  const unsigned peer = ended.peer;
  legs_.erase(found);
  if (Leg* far = leg(peer); both && far != nullptr && far->peer == key) end(peer, false);
}

void SccpCallServer::show(unsigned key, CallPhase phase) {
  const Leg& of = *leg(key);
  Body state(24);
  state.u32(0, static_cast<std::uint32_t>(phase)).u32(4, 1).u32(8, of.ids.call).u32(16, 4);
  send(of.connection, id::kCallState, state.take());
  const std::uint32_t set = phase == CallPhase::connected ? 1
                            : phase == CallPhase::hold    ? 2
                            : phase == CallPhase::ring_in ? 3
                            : phase == CallPhase::on_hook ? 0
                                                          : 4;
  send(of.connection, id::kSelectSoftKeys, Body(16).u32(0, 1).u32(4, of.ids.call).u32(8, set).u32(12, 0xFFFF).take());
}

void SccpCallServer::show_connected(unsigned key) {
  show(key, CallPhase::connected);
  send_prompt(leg(key)->connection, leg(key)->ids.call, "Connected");
}

void SccpCallServer::send_call_info(unsigned key) {
  const Leg& of = *leg(key);
  const Connection& to = connections_[of.connection];
  const std::string& calling = of.outgoing ? to.extension : of.far;
  const std::string& called = of.outgoing ? of.far : to.extension;
  if (to.manners.dynamic_texts) {
    Body body(32);
    body.u32(0, 1).u32(4, of.ids.call).u32(8, of.outgoing ? 2 : 1).u32(20, 1);
    body.add_text(calling).add_text("").add_text(called).add_text("");
    for (int i = 0; i < 4; ++i)
      body.add_text("");  // redirections
    body.add_text("Phone " + calling).add_text("Phone " + called).add_text("").add_text("").pad();
    return send(of.connection, id::kDynamicCallInfo, body.take());
  }
  Body body(options_.dialect == Dialect::cucm ? 140 : 384);
  body.text(0, 40, "Phone " + calling).text(40, 24, calling).text(64, 40, "Phone " + called).text(104, 24, called);
  send(of.connection, id::kCallInfo, body.u32(128, 1).u32(132, of.ids.call).u32(136, of.outgoing ? 2 : 1).take());
}

void SccpCallServer::send_prompt(int connection, std::uint32_t call, std::string_view text) {
  if (connections_[connection].manners.dynamic_texts) {
    Body body(12);
    return send(connection, id::kDynamicPrompt, body.u32(4, 1).u32(8, call).add_text(text).pad().take());
  }
  send(connection, id::kPrompt,
       Body(options_.dialect == Dialect::chan_skinny ? 56 : 44).text(4, 32, text).u32(36, 1).u32(40, call).take());
}

}  // namespace dw::sim
