#include "sbc/sip/calls.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/events.hpp"

namespace dw::sip {
namespace {

constexpr Duration kAfterReferred = std::chrono::seconds(180);  // its NOTIFYs may come after BYE
constexpr Duration kLongestSilence = std::chrono::hours(24);

/// What CallLimits counts a line as.
std::string line_key(std::string_view user, std::string_view domain) {
  return user_key(std::string(user) + "@" + std::string(domain));
}

}  // namespace

/// What a caller without a registration is counted as. Beside registered phones its name says nothing: they are one.
std::string Calls::unregistered_caller(const IpAddress& address, std::string_view user) const {
  return "unregistered " +
         (bindings_.knows_source(address) ? source_of(address).to_string() : user_key(user).substr(0, 64));
}

CallLimits::Verdict Calls::attempt(TimePoint now, const Message& m, const Flow& from, const Binding* binding,
                                   const DialogSet* again, std::string_view domain) {
  if (again && !again->over && !again->connected && !again->pending) return CallLimits::Verdict::passes;
  const auto& uri = m.from_uri();
  const std::string phone = binding ? line_key(binding->user, domain)
                                    : unregistered_caller(from.peer.address, uri ? uri->user : std::string_view{});
  return limits_.attempt(now, phone, from.peer.address);
}

void Calls::begin(TimePoint now, DialogSet& set) {
  set.over = set.connected = set.ringing = set.silent = false;
  set.session_until.reset();
  set.pending = true;
  set.dialogs.clear();
  set.taken.clear();
  if (!set.is_call()) return dialogs_.set_until(set, now + kAfterReferred);
  set.since = set.began = now;
  set.ended_by = Call::EndedBy::unknown;
  set.end_reason.clear();
  if (!set.counted) dialogs_.count_call(set, 1);
  if (set.initiator == Side::access && set.limited_as.empty()) {
    set.limited_at = set.reach.flow.peer.address;
    set.limited_as =
        set.aor.empty() ? unregistered_caller(set.limited_at, set.own_number) : line_key(set.aor, set.domain);
    limits_.began(now, set.limited_as, set.limited_at);
  }
  dialogs_.set_until(set, TimePoint::max());
}

TimePoint Calls::last_media(TimePoint now, const DialogSet& set) const {
  TimePoint last{};
  for (const CallStream& stream : set.media.report(now, broker_)) {
    for (const auto& heard : {stream.media.from_phone.heard, stream.media.from_central.heard})
      last = std::max(last, heard.value_or(TimePoint{}));
    if (stream.media.direct) last = now;
  }
  return last;
}

void Calls::note_life(TimePoint now, DialogSet& set, const Transaction& t, const Message& m) {
  set.heard = now;
  if (t.method != Method::invite && t.method != Method::update) return;
  TextCursor field(m.value_of(FieldName::session_expires));
  const auto seconds = parse_number(trim(field.take_until(";")), 0xffffffff);
  set.session_until.reset();
  if (seconds)
    set.session_until = now + std::chrono::seconds(std::min<std::uint64_t>(*seconds, 86'400)) + kTransactionTimeout;
}

void Calls::look_at(TimePoint now, DialogSet& set, Output& out) {
  const TimePoint media = last_media(now, set), heard = std::max({set.since, set.heard, media});
  const bool quiet = now - std::max(set.since, media) > options_.media_idle;
  // One that gave its ports away stays as it is.
  const bool silent = set.media.is_open() ? quiet && !set.media.held() : set.silent;
  if (silent != set.silent) {
    set.silent = silent;
    if (set.counted == silent) dialogs_.count_call(set, silent ? -1 : 1);
    Event event = event_of(Event::Kind::media_silent, set);
    if (!silent && quiet) return;  // it is on hold now
    event.text = silent ? fmt::format("nothing came for {}; the call goes on, as neither side has ended it",
                                      to_words(options_.media_idle))
                        : "something came again";
    out.events.push_back(std::move(event));
  }
  const bool lapsed = set.session_until && *set.session_until < now && now - heard > kTransactionTimeout;
  if (lapsed) {
    end(now, set, out, "its session was not refreshed");
  } else if (now - heard > kLongestSilence) {
    end(now, set, out, "there was no sign of it for a day");
  }
}

bool Calls::free_silent_media(TimePoint now, Output& out) {
  DialogSet* longest = nullptr;
  TimePoint heard = TimePoint::max();
  dialogs_.for_each([&](DialogSet& set) {
    if (!set.silent || !set.media.is_open()) return;
    const TimePoint last = last_media(now, set);
    if (longest && last >= heard) return;
    longest = &set;
    heard = last;
  });
  if (!longest) return false;
  longest->media.close(broker_, MediaEnd::closed);
  Event event = event_of(Event::Kind::media_silent, *longest);
  event.text = "its ports were needed for another call, and it had long been silent";
  out.events.push_back(std::move(event));
  return true;
}

void Calls::up(TimePoint now, DialogSet& set, Output& out) {
  if (set.connected || set.over) return;
  set.connected = true;
  set.since = now;
  ++counters_.calls;
  Event event = event_of(Event::Kind::call_up, set);
  event.call = std::make_shared<const Call>(call_of(now, set));
  out.events.push_back(std::move(event));
}

void Calls::end_try(TimePoint now, DialogSet& set) {
  set.dialogs.clear();
  set.pending = false;
  set.media.close(broker_, MediaEnd::closed);
  dialogs_.set_until(set, now + kTransactionTimeout);
}

void Calls::end_dialog(TimePoint now, DialogSet& set, std::string_view responder_tag, Output& out) {
  if (DialogSet::Dialog* const dialog = set.find(responder_tag)) dialog->confirmed = false;
  const auto left = std::ranges::find(set.dialogs, true, &DialogSet::Dialog::confirmed);
  if (left == set.dialogs.end()) return end(now, set, out);
  if (set.taken == responder_tag) set.taken = left->responder_tag;
}

void Calls::end(TimePoint now, DialogSet& set, Output& out, std::string_view why) {
  if (!set.is_call() || set.over) return;
  Event event = event_of(Event::Kind::call_over, set);
  event.text = why;
  set.media.settle(broker_);
  Call call = call_of(now, set);
  call.state = "ended";
  if (!why.empty()) {
    call.ended_by = Call::EndedBy::us;
    call.reason = why;
  }
  event.call = std::make_shared<const Call>(std::move(call));
  set.over = true;
  set.media.close(broker_, MediaEnd::closed);
  if (set.counted) dialogs_.count_call(set, -1);
  if (!set.limited_as.empty()) limits_.ended(std::exchange(set.limited_as, {}), set.limited_at);
  dialogs_.set_until(set, now + (set.referred ? kAfterReferred : kTransactionTimeout));
  out.events.push_back(std::move(event));
}

void Calls::unreached(TimePoint now, const Transaction& t, std::string_view responder_tag, Output& out) {
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  if (!set) return;
  if (set->dialogs.empty()) return end(now, *set, out);
  if (t.method == Method::bye) end_dialog(now, *set, responder_tag, out);
}

Call Calls::call_of(TimePoint now, const DialogSet& set) const {
  Call call;
  call.device = set.device;
  call.protocol = Protocol::sip;
  call.peer = set.reach.flow.peer;
  call.call_id = set.call_id.substr(0, 128);
  call.own_number = set.own_number.substr(0, Call::kMaxText);
  call.far_number = set.far_number.substr(0, Call::kMaxText);
  call.far_name = set.far_name.substr(0, Call::kMaxText);
  call.way = set.initiator == Side::access ? Call::Way::outgoing : Call::Way::incoming;
  if (set.connected) call.answered = Duration{};
  call.start = set.since;
  call.duration = now - set.since;
  call.before = set.since - set.began;
  call.ended_by = set.ended_by;
  call.reason = set.end_reason;
  call.streams = set.media.report(now, broker_);
  call.state = set.connected ? (set.media.held() ? "on hold" : "connected") : set.ringing ? "ringing" : "calling";
  return call;
}

std::vector<Call> Calls::running(TimePoint now) const {
  std::vector<Call> all;
  dialogs_.for_each([&](const DialogSet& set) {
    if (set.is_call() && !set.over && set.pending) all.push_back(call_of(now, set));
  });
  return all;
}

}  // namespace dw::sip
