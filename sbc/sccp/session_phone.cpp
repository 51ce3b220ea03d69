#include <algorithm>
#include <array>

#include "sbc/sccp/session.hpp"
#include "sbc/sccp/station_name.hpp"

// What a session does with the messages of a phone; those about media go to MediaLegs.
namespace dw::sccp {
namespace {

using Id = MessageId;

constexpr std::size_t kAlarmText = 80;  // octets

/// Octets behind the name are whatever was in the phone's memory.
void clear_behind_name(MutableBytes payload) {
  MutableBytes name = payload.first(kNameOctets);
  std::fill(std::ranges::find(name, std::uint8_t{0}), name.end(), std::uint8_t{0});
}

}  // namespace

void Session::on_phone(TimePoint now, Bytes octets, Output& out) {
  last_phone_ = now;
  liveness_.on_phone(now);
  phone_stream_.feed(now, octets);
  while (!ended_) {
    const auto frame = phone_stream_.next();
    if (!frame) break;
    ++counters_.from_phones;
    take_phone_frame(now, *frame, out);
  }
  if (phone_stream_.error() && !ended_) {
    ++counters_.malformed;
    end(EndReason::bad_frame, phone_stream_.error()->text, out);
  }
  settle(now, out);
}

void Session::take_phone_frame(TimePoint now, const Frame& frame, Output& out) {
  timers_.stop(Timer::first_frame);
  const Message message = read(frame);
  if (!may_pass(message, out)) return;
  if (message.is(Id::keep_alive_req) && !admission_.connect_asked()) {
    // A connection that is only held ready, at a server that we need not trouble for it (sccp §3.10).
    if (!registered()) timers_.set(Timer::registration, now + kToRegister);
    return forwarder_.send(out.to_phone, Draft(Id::keep_alive_ack, 0), frame.version);
  }
  if (!admission_.must_wait(frame.id, sides_.server.has_value())) return forward_from_phone(now, message, out);
  if (!admission_.keep(frame))
    return end(EndReason::overflow, "it said too much before the call server was there", out);
  if (admission_.connect_for(frame.id)) out.connect = true;
  if (sides_.server) pump(now, out);
}

/// False: it is not to be passed on; the session may have ended.
bool Session::may_pass(const Message& message, Output& out) {
  auto [verdict, why] = admission_.judge(message, registered());
  switch (verdict) {
    case Admission::Verdict::passes:
      return true;
    case Admission::Verdict::ignored:
      ++counters_.dropped;
      break;
    case Admission::Verdict::wrong_side:
      forwarder_.drop(message, "only a server may say that", out);
      break;
    case Admission::Verdict::bad_name:
      refuse("Device name refused", why, out);
      out.end = EndReason::bad_name;
      break;
    case Admission::Verdict::ends:
      end(EndReason::not_allowed, std::move(why), out);
      break;
  }
  return false;
}

void Session::pump(TimePoint now, Output& out) {
  while (!ended_) {
    const auto octets = admission_.next();
    if (!octets) break;
    if (const auto frame = parse_frame(*octets)) forward_from_phone(now, read(*frame), out);
  }
  if (!ended_ && admission_.wants_admission()) out.admit = true;
}

void Session::on_server_connected(TimePoint now, const ServerSide& side, Output& out) {
  sides_.server = side;
  pump(now, out);
  settle(now, out);
}

void Session::on_admitted(TimePoint now, Output& out) {
  admission_.admit();
  pump(now, out);
  settle(now, out);
}

void Session::refuse(std::string_view text, std::string_view why, Output& out) {
  constexpr std::size_t kTextOctets = 32;
  forwarder_.send(out.to_phone, Draft(Id::register_reject, kTextOctets).set(Field::text, text), 0);
  out.report(SessionEvent::Kind::refused_here, std::string(why));
  end(EndReason::refused, std::string(why), out);
}

void Session::forward_from_phone(TimePoint now, const Message& message, Output& out) {
  const Frame& frame = message.frame();
  if (!message.is(Id::keep_alive_req)) versions_.phone = frame.version;
  if (frame.octets.size() > message.type().max_octets) {
    ++counters_.dropped;
    return;
  }
  note_conflict(message, out);
  if (media_.on_phone(now, message, out)) return end_finished_calls(now, out);
  switch (static_cast<Id>(frame.id)) {
    case Id::register_req:
      return on_register(now, message, out);
    case Id::register_token_req:
    case Id::spcp_register_token_req:
      return on_token(now, message, out);
    case Id::enbloc_call:
      if (!policy_.may_call(now, message, out)) return;
      calls_.on_phone(message);
      break;
    case Id::alarm:
      out.report(SessionEvent::Kind::alarm, message.text(Field::text, kAlarmText));
      break;
    case Id::unregister_req:
      registration_.on_unregister();
      break;
    case Id::keep_alive_req:
      if (!registered()) timers_.set(Timer::registration, now + kToRegister);
      liveness_.on_keepalive(now);
      break;
    case Id::keypad_button:
      calls_.on_phone(message);
      break;
    default:
      break;
  }
  media_.pass(out.to_server, message);
}

void Session::on_register(TimePoint now, const Message& message, Output& out) {
  const MutableBytes payload = media_.pass(out.to_server, message);
  clear_behind_name(payload);
  registration_.on_register(message, payload, options_.max_version);
  timers_.set(Timer::register_answer, now + kRegisterAnswer);
  out.report(SessionEvent::Kind::connected);
}

void Session::on_token(TimePoint now, const Message& message, Output& out) {
  clear_behind_name(media_.pass(out.to_server, message));
  timers_.set(Timer::token_answer, now + kTokenAnswer);
  token_id_ = message.frame().id;
  token_answered_ = false;
}

/// chan_skinny and FreeSWITCH don't know tokens, and the phone would wait for ever (sccp §3.10).
void Session::answer_token(Output& out) {
  constexpr std::array<std::uint8_t, 4> kFeatures{0xff, 0xff, 0, 0};
  timers_.stop(Timer::token_answer);
  token_answered_ = true;
  const bool spcp = token_id_ == number(Id::spcp_register_token_req);
  ++counters_.answered;
  write_frame(out.to_phone, 0, number(spcp ? Id::spcp_register_token_ack : Id::register_token_ack),
              spcp ? Bytes(kFeatures) : Bytes());
}

}  // namespace dw::sccp
