#include <algorithm>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/proxy.hpp"
#include "sbc/sip/response.hpp"

// Dialogs as messages make them, and the calls that a person sees of them.
namespace dw::sip {
namespace {

constexpr Duration kAfterReferred = std::chrono::seconds(180);  // its NOTIFYs may come after BYE
constexpr Duration kLongestSilence = std::chrono::hours(24);

std::string contact_uri(const Message& m) {
  const Field* const field = m.find(FieldName::contact);
  if (!field) return {};
  std::string_view left = m.value(*field);
  const auto address = parse_name_addr(next_value(left).value_or(std::string_view{}));
  return address && !address->star ? std::string(address->uri) : std::string();
}

bool refreshes_target(Method method) {
  return method == Method::invite || method == Method::update || method == Method::subscribe ||
         method == Method::notify || method == Method::refer;
}

}  // namespace

/// A request that begins dialogs, or an answer of the other party.
void Proxy::note_dialog(Transaction& t, DialogSet& set, const Message& m) {
  const bool by_initiator = t.from_side == set.initiator && m.from_tag() == set.initiator_tag;
  Party* party = &set.initiator_party;
  bool says_routes = m.is_request() && t.begins_dialogs;
  if (!m.is_request() && by_initiator) {
    if (m.to_tag().empty()) return;
    DialogSet::Dialog* dialog = set.find(m.to_tag());
    if (!dialog) dialog = &set.add(m.to_tag());
    const bool final = m.status() >= 200;
    says_routes = t.begins_dialogs && (dialog->routes == DialogSet::Routes::unknown ||
                                       (dialog->routes == DialogSet::Routes::early && final));
    if (says_routes) dialog->routes = final ? DialogSet::Routes::fixed : DialogSet::Routes::early;
    party = &dialog->responder;
  }
  if (std::string target = contact_uri(m); !target.empty()) party->target = std::move(target);
  if (says_routes) party->routes = route_set(m);
}

/// A request within a dialog says where its sender is from now on (RFC 3261 §12.2). A NOTIFY may be the first
/// that is heard of its dialog (RFC 6665 §4.4.1).
void Proxy::refresh_target(DialogSet& set, const Dialogs::Match& match, const Message& m) {
  if (!refreshes_target(m.method())) return;
  Party* party = &set.initiator_party;
  if (!match.from_initiator) {
    DialogSet::Dialog* dialog = match.dialog;
    if (!dialog) {
      dialog = &set.add(m.from_tag());
      // A NOTIFY that was not recorded leaves it to the 2xx, whose proxies may record first requests only.
      if (m.method() == Method::notify) dialog->responder.routes = route_set(m);
      if (!dialog->responder.routes.empty()) dialog->routes = DialogSet::Routes::fixed;
    }
    party = &dialog->responder;
  }
  if (std::string target = contact_uri(m); !target.empty()) party->target = std::move(target);
}

/// Also of a call that is tried again under the same Call-ID and tag.
void Proxy::begin_call(TimePoint now, DialogSet& set) {
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

/// When a packet of its media last came, from either side; long ago where there was none.
TimePoint Proxy::last_media(TimePoint now, const DialogSet& set) const {
  TimePoint last{};
  for (const CallStream& stream : set.media.report(now, broker_)) {
    for (const auto& heard : {stream.report.from_phone.heard, stream.report.from_central.heard})
      last = std::max(last, heard.value_or(TimePoint{}));
    if (stream.report.direct) last = now;
  }
  return last;
}

/// A 2xx within a dialog shows that both ends are there; one to INVITE or UPDATE says how long that is good for.
void Proxy::note_life(TimePoint now, DialogSet& set, const Transaction& t, const Message& m) {
  set.heard = now;
  if (t.method != Method::invite && t.method != Method::update) return;
  TextCursor field(m.value_of(FieldName::session_expires));
  const auto seconds = parse_number(trim(field.take_until(";")), 0xffffffff);
  set.session_until.reset();
  if (seconds)
    set.session_until = now + std::chrono::seconds(std::min<std::uint64_t>(*seconds, 86'400)) + kTransactionTimeout;
}

/// Whether a call goes on. Its media may say so, or whoever refreshes its session, or nobody: a call may be held, or
/// have media that pass elsewhere. So it is forgotten only after a day without any sign of life, or once a session that
/// was to be refreshed was not.
void Proxy::look_at_call(TimePoint now, DialogSet& set, Output& out) {
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
    end_call(now, set, out, "its session was not refreshed");
  } else if (now - heard > kLongestSilence) {
    end_call(now, set, out, "there was no sign of it for a day");
  }
}

/// There are no ports left: the call that was silent for longest gives its own. It goes on without.
bool Proxy::free_silent_media(TimePoint now, Output& out) {
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

void Proxy::call_up(TimePoint now, DialogSet& set, Output& out) {
  if (set.connected || set.over) return;
  set.connected = true;
  set.since = now;
  ++counters_.calls;
  Event event = event_of(Event::Kind::call_up, set);
  event.call = call_of(now, set);
  out.events.push_back(std::move(event));
}

/// The call was challenged, and will be asked for again. Until then it holds no ports: whoever can't answer never asks.
void Proxy::end_try(TimePoint now, DialogSet& set) {
  set.dialogs.clear();
  set.pending = false;
  set.media.close(broker_, MediaEnd::closed);
  dialogs_.set_until(set, now + kTransactionTimeout);
}

/// Of several that were taken the caller keeps one (RFC 3261 §13.2.2.4): the call goes on with it.
void Proxy::end_dialog(TimePoint now, DialogSet& set, std::string_view responder_tag, Output& out) {
  if (DialogSet::Dialog* const dialog = set.find(responder_tag)) dialog->confirmed = false;
  const auto left = std::ranges::find(set.dialogs, true, &DialogSet::Dialog::confirmed);
  if (left == set.dialogs.end()) return end_call(now, set, out);
  if (set.taken == responder_tag) set.taken = left->responder_tag;
}

/// Its media ends now; what still comes of its dialogs is passed on for a while.
void Proxy::end_call(TimePoint now, DialogSet& set, Output& out, std::string_view why) {
  if (!set.is_call() || set.over) return;
  Event event = event_of(Event::Kind::call_over, set);
  event.text = why;
  event.call = call_of(now, set);
  event.call->state = Call::State::over;
  set.over = true;
  set.media.close(broker_, MediaEnd::closed);
  if (set.counted) dialogs_.count_call(set, -1);
  if (!set.limited_as.empty()) limits_.ended(std::exchange(set.limited_as, {}), set.limited_at);
  dialogs_.set_until(set, now + (set.referred ? kAfterReferred : kTransactionTimeout));
  out.events.push_back(std::move(event));
}

Call Proxy::call_of(TimePoint now, const DialogSet& set) const {
  Call call;
  call.device = set.device;
  call.phone = set.reach.flow.peer;
  call.call_id = set.call_id.substr(0, 128);
  call.own_number = set.own_number.substr(0, 64);
  call.far_number = set.far_number.substr(0, 64);
  call.far_name = set.far_name.substr(0, 64);
  call.outgoing = set.initiator == Side::access;
  call.connected = set.connected;
  call.duration = now - set.since;
  call.before = set.since - set.began;
  call.ended_by = set.ended_by;
  call.reason = set.end_reason;
  call.streams = set.media.report(now, broker_);
  call.state = set.connected ? (set.media.held() ? Call::State::on_hold : Call::State::connected)
               : set.ringing ? Call::State::ringing
                             : Call::State::calling;
  return call;
}

std::vector<Call> Proxy::calls(TimePoint now) const {
  std::vector<Call> all;
  dialogs_.for_each([&](const DialogSet& set) {
    if (set.is_call() && !set.over && set.pending) all.push_back(call_of(now, set));
  });
  return all;
}

std::string_view to_string(Call::State state) {
  switch (state) {
    case Call::State::calling:
      return "calling";
    case Call::State::ringing:
      return "ringing";
    case Call::State::connected:
      return "connected";
    case Call::State::on_hold:
      return "on hold";
    case Call::State::over:
      return "ended";
  }
  return "?";
}

}  // namespace dw::sip
