#include <algorithm>

#include "sbc/sccp/server_res.hpp"
#include "sbc/sccp/session.hpp"
#include "sbc/sccp/text_policy.hpp"

// What a session does with the messages of a call server; those about media go to MediaLegs.
namespace dw::sccp {
namespace {

using Id = MessageId;

constexpr std::size_t kRejectText = 32;  // octets

}  // namespace

void Session::on_server(TimePoint now, Bytes octets, Output& out) {
  if (!sides_.server) return;
  liveness_.on_server();
  server_stream_.feed(now, octets);
  while (!ended_) {
    const auto frame = server_stream_.next();
    if (!frame) break;
    ++counters_.from_servers;
    forward_from_server(now, read(*frame), out);
  }
  if (server_stream_.error() && !ended_) {
    ++counters_.malformed;
    end(EndReason::bad_frame, "the call server: " + server_stream_.error()->text, out);
  }
  settle(now, out);
}

void Session::forward_from_server(TimePoint now, const Message& message, Output& out) {
  const Frame& frame = message.frame();
  const MessageType& type = message.type();
  if (!type.may_come(Direction::from_server)) return forwarder_.drop(message, "only a phone may say that", out);
  if (registered() && !message.is(Id::keep_alive_ack)) versions_.server = frame.version;
  if (!type.never.empty()) return forwarder_.drop(message, type.never, out);
  note_conflict(message, out);
  if (media_.on_server(now, message, out)) return end_finished_calls(now, out);
  switch (static_cast<Id>(frame.id)) {
    case Id::register_ack:
      return on_register_ack(now, message, out);
    case Id::register_reject:
      timers_.stop(Timer::register_answer);
      out.report(SessionEvent::Kind::refused, message.text(Field::text, kRejectText));
      break;
    case Id::unregister_ack:
      if (registration_.on_unregister_ack(message)) out.report(SessionEvent::Kind::unregistered);
      break;
    case Id::register_token_ack:
    case Id::register_token_reject:
    case Id::spcp_register_token_ack:
    case Id::spcp_register_token_reject:
      timers_.stop(Timer::token_answer);
      if (token_answered_) return forwarder_.drop(message, "the phone has had its answer", out);
      break;
    case Id::reset:
      return on_reset(now, message, out);
    case Id::server_res:
      return pass_server_res(message, out);
    case Id::line_stat_res:
    case Id::line_stat_v2_res:
      if (registration_.on_line(message)) out.report(SessionEvent::Kind::lines);
      break;
    case Id::call_state:
    case Id::call_info:
    case Id::call_info_v2:
    case Id::dialed_number:
      return on_calls(now, message, out);
    case Id::user_to_device_data:
    case Id::user_to_device_data_version1:
      if (starts_media_by_uri(frame.payload))
        return forwarder_.drop(message, "it starts media that would pass by the relay", out);
      break;
    default:
      break;
  }
  media_.pass(out.to_phone, message);
}

void Session::on_register_ack(TimePoint now, const Message& message, Output& out) {
  liveness_.on_registered(now, registration_.on_register_ack(message));
  timers_.stop(Timer::register_answer);
  timers_.stop(Timer::registration);
  last_phone_ = now;
  media_.pass(out.to_phone, message);
  out.report(SessionEvent::Kind::registered);
}

void Session::on_reset(TimePoint now, const Message& message, Output& out) {
  media_.pass(out.to_phone, message);
  const std::uint32_t type = message.read(Field::reset_type);
  begin_reset(now, static_cast<ResetType>(type));
  out.report(SessionEvent::Kind::reset, type == 1 ? "reset" : type == 3 ? "apply config" : "restart");
}

void Session::reset_phone(TimePoint now, ResetType type, Output& out) {
  if (!registered() || ended_) return;
  constexpr std::size_t kOctets = 4;
  Draft(Id::reset, kOctets)
      .set(Field::reset_type, static_cast<std::uint32_t>(type))
      .write(out.to_phone, versions_.server);
  begin_reset(now, type);
}

/// The phone hangs up by itself, after UnregisterReq or not, once it has no call (sccp §3.9). Apply-config may need
/// no restart at all.
void Session::begin_reset(TimePoint now, ResetType type) {
  if (type == ResetType::apply_config) return;
  reset_asked_ = now;
  timers_.set(Timer::reset, now + kResetGrace);
}

bool Session::in_call() const {
  return !media_.empty() || std::ranges::any_of(calls_.calls(), [](const TrackedCall& call) { return !call.over; });
}

/// A phone that is in a call puts Reset off. Media has bounds of its own; a call without any may be one that the
/// server has forgotten.
void Session::look_at_reset(TimePoint now, Output& out) {
  const bool puts_off = !media_.empty() || (in_call() && now - reset_asked_ < kResetPutOff);
  if (!puts_off) return end(EndReason::reset, "it was reset", out);
  timers_.set(Timer::reset, now + kResetGrace);
}

void Session::on_calls(TimePoint now, const Message& message, Output& out) {
  media_.pass(out.to_phone, message);
  const auto change = calls_.on_server(now, message);
  if (change.up) {
    const auto call = std::ranges::find(calls_.calls(), *change.up, &TrackedCall::reference);
    out.events.push_back({SessionEvent::Kind::call_up, {}, std::make_shared<Call>(as_shown(now, *call)), {}});
  }
  if (change.over) {
    if (timers_.runs(Timer::reset)) timers_.set(Timer::reset, now + kResetGrace);
    media_.on_call_over(now, *change.over);
    policy_.is_over(*change.over);
    end_call_if_over(now, *change.over, out);
  }
  policy_.look(now, out);
}

/// A call is reported as over once its media is, so that all of that is known.
void Session::end_call_if_over(TimePoint now, std::uint32_t reference, Output& out) {
  const auto call = std::ranges::find(calls_.calls(), reference, &TrackedCall::reference);
  if (call == calls_.calls().end() || !call->over || media_.has_call(reference)) return;
  const auto taken = policy_.take(reference);
  out.events.push_back({SessionEvent::Kind::call_over, {}, std::make_shared<Call>(as_shown(now, *taken)), {}});
}

void Session::pass_server_res(const Message& message, Output& out) {
  const auto ours = server_res_naming(message.frame(), sides_.phone.advertised);
  if (!ours) return forwarder_.drop(message, ours.error().text, out);
  ++counters_.rewritten;
  out.to_phone.insert(out.to_phone.end(), ours->begin(), ours->end());
}

}  // namespace dw::sccp
