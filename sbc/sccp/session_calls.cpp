#include <algorithm>
#include <utility>

#include "sbc/base/emergency.hpp"
#include "sbc/sccp/session.hpp"

// What a session does with the calls that it sees: tells of them, and keeps to what a phone may call.
namespace dw::sccp {
namespace {

using Id = MessageId;
using Verdict = CallLimits::Verdict;

/// The server has taken what was dialled. Some say CallState Proceed before they say the number, and what calls for
/// help must be known first.
bool goes_out(const Call& call, bool enbloc_passed) {
  const bool outgoing = call.way == Call::Way::outgoing || (enbloc_passed && call.way == Call::Way::unknown);
  const bool dialled = call.state > static_cast<std::uint32_t>(CallState::on_hook);
  return outgoing && dialled && !call.over && (!call.far_number.empty() || call.connected);
}

}  // namespace

void Session::on_calls(TimePoint now, const Message& message, Output& out) {
  media_.pass(out.to_phone, message);
  const auto change = calls_.on_server(now, message);
  if (change.up) {
    SessionEvent event{SessionEvent::Kind::call_up, {}, std::nullopt, {}};
    const auto& all = calls_.calls();
    event.call = *std::ranges::find(all, *change.up, &Call::reference);
    out.events.push_back(std::move(event));
  }
  if (change.over) {
    if (timers_.runs(Timer::reset)) timers_.set(Timer::reset, now + kResetGrace);
    media_.on_call_over(now, *change.over);
    uncount(*std::ranges::find(calls_.calls(), *change.over, &Call::reference));
    end_call_if_over(*change.over, out);
  }
  look_at_limits(now, out);
}

/// Digits that were pressed one by one are the server's to read, so a call is asked of the limits when the server shows
/// where it goes.
void Session::look_at_limits(TimePoint now, Output& out) {
  if (!limits_) return;
  for (Call& call : calls_.calls()) {
    if (call.limit != Call::Limit::not_asked || !goes_out(call, enbloc_passed_)) continue;
    const bool asked = std::exchange(enbloc_passed_, false);
    const Verdict verdict = asked || calls_for_help(call, options_.emergency)
                                ? Verdict::passes
                                : limits_->attempt(now, device(), side_.phone.address);
    if (verdict == Verdict::passes) {
      count(now, call);
      continue;
    }
    call.limit = Call::Limit::refused;
    hang_up_for_phone(call, out);
    tell_refused(verdict, out);
  }
}

void Session::on_enbloc(TimePoint now, const Message& message, Output& out) {
  Call* const call = calls_.dialling(0);
  const bool one_more = limits_ && !(call && call->limit == Call::Limit::counted);
  const std::string number = message.text(Field::dialled, kNumberOctets);
  const Verdict verdict = one_more && !is_emergency(number, options_.emergency)
                              ? limits_->attempt(now, device(), side_.phone.address)
                              : Verdict::passes;
  if (verdict == Verdict::passes) {
    enbloc_passed_ = one_more;
    calls_.on_phone(message);
    media_.pass(out.to_server, message);
    return;
  }
  if (call) {
    call->limit = Call::Limit::refused;
    hang_up_for_phone(*call, out);
  } else {
    // The server knows of no call that it could end: the phone leaves off by itself.
    constexpr std::uint32_t kSpeakerOff = 2;
    constexpr std::size_t kOctets = 4;
    forwarder_.send(out.to_phone, Draft(Id::set_speaker_mode, kOctets).set(Field::mode, kSpeakerOff), header_version_);
  }
  tell_refused(verdict, out);
}

/// OnHook, as if the phone had hung up: the server ends the call, and tells the
/// phone.
void Session::hang_up_for_phone(const Call& call, Output& out) {
  constexpr std::size_t kOctets = 8;
  Draft on_hook(Id::on_hook, kOctets);
  on_hook.set(Field::line, call.line).set(Field::call, call.reference);
  forwarder_.send(out.to_server, on_hook, phone_header_version_);
}

/// The phone shows it beside what the server makes it show.
void Session::tell_refused(Verdict verdict, Output& out) {
  constexpr std::string_view kText = "Too many calls";
  constexpr std::size_t kOctets = 36;
  Draft notice(Id::display_notify, kOctets);
  notice.set(Field::seconds, kNoticeSeconds).set(Field::text, kText);
  forwarder_.send(out.to_phone, notice, header_version_);
  ++counters_.calls_refused;
  out.report(SessionEvent::Kind::call_refused, "access.sccp." + std::string(to_string(verdict)));
}

void Session::count(TimePoint now, Call& call) {
  call.limit = Call::Limit::counted;
  limits_->began(now, device(), side_.phone.address);
}

void Session::uncount(Call& call) {
  if (limits_ && call.limit == Call::Limit::counted) limits_->ended(device(), side_.phone.address);
  call.limit = Call::Limit::not_asked;
}

std::optional<Call> Session::take_call(std::uint32_t reference) {
  auto call = calls_.end(reference);
  if (call) uncount(*call);
  return call;
}

/// A call is reported as over once its media is, so that all of that is known.
void Session::end_call_if_over(std::uint32_t reference, Output& out) {
  const auto call = std::ranges::find(calls_.calls(), reference, &Call::reference);
  if (call == calls_.calls().end() || !call->over || media_.has_call(reference)) return;
  out.events.push_back({SessionEvent::Kind::call_over, {}, take_call(reference), {}});
}

}  // namespace dw::sccp
