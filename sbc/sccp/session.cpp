#include "sbc/sccp/session.hpp"

#include <algorithm>

namespace dw::sccp {

void Output::clear() {
  to_phone.clear();
  to_server.clear();
  connect = admit = no_ports = false;
  end.reset();
  end_text.clear();
  events.clear();
  preserved.clear();
}

Session::Session(const SessionOptions& options, MediaBroker& broker, SessionCounters& counters, const PhoneSide& side,
                 TimePoint now, CallLimits* limits, const MessageTable& messages)
    : options_(options),
      counters_(counters),
      messages_(messages),
      sides_{side},
      forwarder_(options, counters),
      admission_(options),
      policy_(calls_, limits, options.emergency, {admission_.device(), sides_.phone.phone.address}, versions_,
              forwarder_, counters),
      media_(options, broker, counters, forwarder_, calls_, sides_, registration_),
      last_phone_(now) {
  timers_.set(Timer::first_frame, now + kFirstFrame);
  timers_.set(Timer::registration, now + kToRegister);
}

void Session::end(EndReason reason, std::string text, Output& out) {
  if (ended_) return;
  ended_ = true;
  out.end = reason;
  out.end_text = std::move(text);
}

/// Conflicts of version and length are counted and reported: they are what a wrong guess would look like.
void Session::note_conflict(const Message& message, Output& out) {
  if (!message.layout().conflict) return;
  ++counters_.layout_conflicts;
  out.report(SessionEvent::Kind::layout_conflict, to_string(message.frame()));
}

void Session::end_finished_calls(TimePoint now, Output& out) {
  for (const std::uint32_t call : media_.take_finished()) {
    if (timers_.runs(Timer::reset)) timers_.set(Timer::reset, now + kResetGrace);
    end_call_if_over(now, call, out);
  }
}

void Session::settle(TimePoint now, Output& out) {
  end_finished_calls(now, out);
  const auto whole_by = [](const FrameStream& stream) {
    const auto since = stream.partial_since();
    return since ? *since + kPartialFrame : TimePoint::max();
  };
  timers_.set(Timer::phone_frame, whole_by(phone_stream_));
  timers_.set(Timer::server_frame, whole_by(server_stream_));
  timers_.set(Timer::keepalives, liveness_.next_deadline());
  timers_.set(Timer::media, media_.next_deadline());
}

void Session::on_deadline(TimePoint now, Output& out) {
  for (std::size_t i = 0; i < kTimers; ++i) {
    const auto timer = static_cast<Timer>(i);
    if (timers_.due(timer, now)) on_timer(now, timer, out);
  }
  settle(now, out);
}

void Session::on_timer(TimePoint now, Timer timer, Output& out) {
  switch (timer) {
    case Timer::first_frame:
      return end(EndReason::too_slow, "it said nothing", out);
    case Timer::phone_frame:
    case Timer::server_frame:
      return end(EndReason::bad_frame, "the rest of a message did not come", out);
    case Timer::registration:
      return end(EndReason::too_slow, "it did not register", out);
    case Timer::register_answer:
      return end(EndReason::server_silent, "the call server did not answer the registration", out);
    case Timer::keepalives:
      return look_at_liveness(now, out);
    case Timer::reset:
      return look_at_reset(now, out);
    case Timer::token_answer:
      return answer_token(out);
    case Timer::media:
      return media_.on_deadline(now, out);
  }
}

void Session::look_at_liveness(TimePoint now, Output& out) {
  const Liveness::Found found = liveness_.on_deadline(now, media_.audio(now));
  if (found.server_missed) out.report(SessionEvent::Kind::keepalive_missed, "server");
  if (found.phone_missed) out.report(SessionEvent::Kind::keepalive_missed, "phone");
  if (found.server_silent) end(EndReason::server_silent, "the call server did not answer three keepalives", out);
  if (found.phone_silent)
    end(EndReason::phone_silent, "nothing came from the phone for three keepalive intervals", out);
}

void Session::give_up_silent(TimePoint now, Output& out) {
  media_.give_up_silent(now, out);
  settle(now, out);
}

void Session::ask_phone(Output& out) {
  forwarder_.send(out.to_phone, Draft(MessageId::keep_alive_ack, 0), 0);
}

void Session::on_closed(TimePoint now, ClosedBy by, Output& out) {
  ended_ = true;
  if (registration_.awaits_good_bye()) out.report(SessionEvent::Kind::unregistered);
  // A phone that says good-bye, or does what Reset asks, has hung up.
  const bool hung_up = registration_.left() || (by == ClosedBy::phone && timers_.runs(Timer::reset));
  if (!hung_up && by != ClosedBy::shutdown) preserve_calls(now, out);
  media_.finish_all(now, MediaEnd::lost);
  settle(now, out);
  while (!calls_.calls().empty()) {
    const auto call = policy_.take(calls_.calls().front().reference);
    out.events.push_back({SessionEvent::Kind::call_over, {}, std::make_shared<Call>(as_shown(now, *call)), {}});
  }
}

/// A phone whose call server is gone goes on talking until somebody hangs up (sccp §4.4).
void Session::preserve_calls(TimePoint now, Output& out) {
  media_.finish_idle(now);
  settle(now, out);
  for (MediaLegs::Live& live : media_.take_all(now)) {
    auto at = std::ranges::find(out.preserved, live.call, [](const LostCall& lost) { return lost.call.reference; });
    if (at == out.preserved.end()) {
      LostCall lost{policy_.take(live.call).value_or(TrackedCall{}), {}};
      lost.call.reference = live.call;
      lost.call.preserved = true;
      if (lost.call.start == TimePoint{}) lost.call.start = live.opened;
      at = out.preserved.insert(out.preserved.end(), std::move(lost));
    }
    at->live.push_back(std::move(live.stream));
  }
}

Call Session::as_shown(TimePoint now, const TrackedCall& call) const {
  Call out = call.at(now);
  out.device = device();
  return out;
}

std::vector<Call> Session::calls(TimePoint now) const {
  std::vector<Call> all;
  for (const TrackedCall& call : calls_.calls())
    all.push_back(as_shown(now, call));
  media_.add_streams(now, all);
  return all;
}

}  // namespace dw::sccp
