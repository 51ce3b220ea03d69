#include "sbc/sccp/call_policy.hpp"

#include <algorithm>
#include <utility>

#include "sbc/base/emergency.hpp"

namespace dw::sccp {
namespace {

using Id = MessageId;
using Verdict = CallLimits::Verdict;

/// The server has taken what was dialled. Some say CallState Proceed before they say the number, and an emergency
/// number must be known first.
bool goes_out(const TrackedCall& call, bool enbloc_passed) {
  const bool outgoing = call.way == Call::Way::outgoing || (enbloc_passed && call.way == Call::Way::unknown);
  const bool dialled = call.call_state > static_cast<std::uint32_t>(CallState::on_hook);
  return outgoing && dialled && !call.over && (!call.far_number.empty() || call.connected);
}

}  // namespace

Verdict CallPolicy::attempt(TimePoint now) {
  return limits_->attempt(now, caller_.device, caller_.address);
}

/// Digits that were pressed one by one are for the server to read, so the limits are asked when the server shows where
/// the call goes.
void CallPolicy::look(TimePoint now, Output& out) {
  if (!limits_) return;
  for (TrackedCall& call : calls_.calls()) {
    if (call.limit != TrackedCall::Limit::not_asked || !goes_out(call, enbloc_passed_)) continue;
    const bool asked = std::exchange(enbloc_passed_, false);
    const Verdict verdict = asked || calls_for_help(call, emergency_) ? Verdict::passes : attempt(now);
    if (verdict == Verdict::passes) {
      call.limit = TrackedCall::Limit::counted;
      limits_->began(now, caller_.device, caller_.address);
      continue;
    }
    call.limit = TrackedCall::Limit::refused;
    hang_up(call, out);
    report_refused(verdict, out);
  }
}

bool CallPolicy::may_call(TimePoint now, const Message& enbloc, Output& out) {
  TrackedCall* const call = calls_.dialling(0);
  const bool one_more = limits_ && !(call && call->limit == TrackedCall::Limit::counted);
  const std::string number = enbloc.text(Field::dialled, kNumberOctets);
  const Verdict verdict = one_more && !is_emergency(number, emergency_) ? attempt(now) : Verdict::passes;
  if (verdict == Verdict::passes) {
    enbloc_passed_ = one_more;
    return true;
  }
  if (call) {
    call->limit = TrackedCall::Limit::refused;
    hang_up(*call, out);
  } else {
    // The server knows of no call that it could end, so the phone is made to hang up.
    constexpr std::uint32_t kSpeakerOff = 2;
    constexpr std::size_t kOctets = 4;
    forwarder_.send(out.to_phone, Draft(Id::set_speaker_mode, kOctets).set(Field::mode, kSpeakerOff), versions_.server);
  }
  report_refused(verdict, out);
  return false;
}

/// OnHook, as if the phone had hung up: the server ends the call on both sides.
void CallPolicy::hang_up(const TrackedCall& call, Output& out) {
  constexpr std::size_t kOctets = 8;
  Draft on_hook(Id::on_hook, kOctets);
  on_hook.set(Field::line, call.line).set(Field::call, call.reference);
  forwarder_.send(out.to_server, on_hook, versions_.phone);
}

/// The phone shows the notice beside what the server makes it show.
void CallPolicy::report_refused(Verdict verdict, Output& out) {
  constexpr std::string_view kText = "Too many calls";
  constexpr std::size_t kOctets = 36;
  Draft notice(Id::display_notify, kOctets);
  notice.set(Field::seconds, kNoticeSeconds).set(Field::text, kText);
  forwarder_.send(out.to_phone, notice, versions_.server);
  ++counters_.calls_refused;
  out.report(SessionEvent::Kind::call_refused, "access.sccp." + std::string(to_string(verdict)));
}

void CallPolicy::uncount(TrackedCall& call) {
  if (limits_ && call.limit == TrackedCall::Limit::counted) limits_->ended(caller_.device, caller_.address);
  call.limit = TrackedCall::Limit::not_asked;
}

void CallPolicy::is_over(std::uint32_t reference) {
  const auto call = std::ranges::find(calls_.calls(), reference, &TrackedCall::reference);
  if (call != calls_.calls().end()) uncount(*call);
}

std::optional<TrackedCall> CallPolicy::take(std::uint32_t reference) {
  auto call = calls_.end(reference);
  if (call) uncount(*call);
  return call;
}

}  // namespace dw::sccp
