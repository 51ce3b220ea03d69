// Calls that come to a lab phone, and requests within a call.
#include <algorithm>

#include "tests/lab/sip_lab_phone.hpp"

namespace dw::lab {

using namespace std::chrono_literals;
using State = SipCall::State;

namespace {

constexpr Duration kEarly = 1500ms;  // how long 601 rings

}  // namespace

void SipLabPhone::on_invite(TimePoint now, const SipText& message, const Endpoint& from) {
  if (!sip_tag(message.get("To")).empty()) return on_reinvite(now, message, from);
  on_new_call(now, message, from);
}

void SipLabPhone::on_new_call(TimePoint now, const SipText& message, const Endpoint& from) {
  SipCall* replaced = nullptr;
  if (const std::string replaces = message.get("Replaces"); !replaces.empty()) {
    replaced = find_call(sip_uri(replaces));
    if (replaced == nullptr || !replaced->going() || sip_param(replaces, "to-tag") != replaced->local_tag ||
        sip_param(replaces, "from-tag") != replaced->remote_tag) {
      problem("Replaces names no call of this phone: " + replaces);
      respond(now, message, from, 481, "Call/Transaction Does Not Exist", random_hex(16));
      return;
    }
  }
  if (find_call(message.get("Call-ID")) != nullptr) problem("a second INVITE of one call: " + message.get("Call-ID"));
  SipCall& call = make_call(message.get("Call-ID"), false);
  call.state = State::ringing;
  call.invite = message;
  call.invite_from = from;
  call.local = message.get("To");
  call.remote = without_tag(message.get("From"));
  call.remote_tag = sip_tag(message.get("From"));
  call.remote_cseq = message.cseq();
  call.routes = message.values("Record-Route");
  if (call.remote_tag.empty()) problem("an INVITE without a From tag");
  if (const auto contacts = message.values("Contact"); contacts.empty()) {
    problem("an INVITE without a Contact");
  } else {
    call.target = sip_uri(contacts[0]);
  }
  open_media(call);
  if (const auto offer = described(message)) take_description(call, *offer);
  if (replaced != nullptr) {
    answer(now, call);
    happen("replaced");
    return hang_up(now, *replaced);
  }
  ring(now, call);
}

// An echo's number says how: 601 talks while it rings, 602 rings for ever, any other answers at once.
void SipLabPhone::ring(TimePoint now, SipCall& call) {
  const std::vector<SipField> contact{{"Contact", "<" + contact_uri() + ">"}};
  const bool early = options_.early_media || (options_.echo && user_ == "601");
  respond(now, call.invite, call.invite_from, 100, "Trying");
  const auto offer = described(call.invite);
  if (early && offer) {
    call.answer = call.media.describe(&*offer, false);
    respond(now, call.invite, call.invite_from, 183, "Session Progress", call.local_tag, contact, call.answer);
  } else {
    respond(now, call.invite, call.invite_from, 180, "Ringing", call.local_tag, contact);
  }
  if (!early || !offer) call.media.peer_holds = true;  // nothing is said before the answer
  happen("ringing", "from=" + call.remote);
  if (options_.echo && user_ != "602") call.answer_at = early ? now + kEarly : now;
  if (options_.auto_answer) call.answer_at = now;
}

void SipLabPhone::acknowledge_later(TimePoint now, SipCall& call, std::string ok) {
  call.ok = std::move(ok);
  call.ok_to = way_back(call.invite, call.invite_from);
  call.ok_interval = kT1;
  call.ok_next = now + kT1;
  call.ok_deadline = now + kTransaction;
}

void SipLabPhone::answer(TimePoint now, SipCall& call) {
  const auto offer = described(call.invite);
  call.offered_in_ok = !offer;
  if (call.answer.empty()) call.answer = call.media.describe(offer ? &*offer : nullptr, false);
  call.media.peer_holds = offer && offer->is_hold();
  call.state = State::answered;
  acknowledge_later(now, call,
                    respond(now, call.invite, call.invite_from, 200, "OK", call.local_tag,
                            {{"Contact", "<" + contact_uri() + ">"}, {"Supported", supported_in_calls(options_.model)}},
                            call.answer));
  happen("answered");
}

void SipLabPhone::on_reinvite(TimePoint now, const SipText& message, const Endpoint& from) {
  SipCall* call = find_call(message.get("Call-ID"));
  if (call == nullptr || !call->going()) {
    problem("a re-INVITE of no call");
    respond(now, message, from, 481, "Call/Transaction Does Not Exist");
    return;
  }
  judge_in_dialog(message, *call);
  call->remote_cseq = message.cseq();
  call->invite = message;
  call->invite_from = from;
  if (const auto contacts = message.values("Contact"); !contacts.empty()) {
    call->target = sip_uri(contacts[0]);
  }
  const bool was_held = call->media.peer_holds;
  const auto offer = described(message);
  if (offer) take_description(*call, *offer);
  call->offered_in_ok = !offer;
  call->answer = call->media.describe(offer ? &*offer : nullptr, false);
  acknowledge_later(
      now, *call,
      respond(now, message, from, 200, "OK", call->local_tag, {{"Contact", "<" + contact_uri() + ">"}}, call->answer));
  happen(!offer ? "reoffered" : call->media.peer_holds ? "peer-held" : was_held ? "peer-resumed" : "reinvited");
}

void SipLabPhone::on_ack(TimePoint, const SipText& message) {
  SipCall* call = find_call(message.get("Call-ID"));
  if (call == nullptr) return say("an ACK for no call");
  if (call->ok.empty()) return;
  if (message.cseq() != call->invite.cseq()) return problem("an ACK with CSeq " + message.get("CSeq"));
  judge_in_dialog(message, *call);
  call->ok.clear();
  const auto answer = described(message);
  if (call->offered_in_ok) {
    if (answer) {
      take_description(*call, *answer);
    } else {
      problem("an ACK without the answer to its offer");
    }
  }
  if (call->state != State::answered) return;
  call->state = State::connected;
  happen("connected");
}

void SipLabPhone::on_bye(TimePoint now, const SipText& message, const Endpoint& from) {
  SipCall* call = find_call(message.get("Call-ID"));
  if (call == nullptr || call->remote_tag != sip_tag(message.get("From"))) {
    problem("a BYE of no call");
    respond(now, message, from, 481, "Call/Transaction Does Not Exist");
    return;
  }
  judge_in_dialog(message, *call);
  call->remote_cseq = std::max(call->remote_cseq, message.cseq());
  respond(now, message, from, 200, "OK");
  end(*call, "by the far end");
}

void SipLabPhone::on_cancel(TimePoint now, const SipText& message, const Endpoint& from) {
  SipCall* call = find_call(message.get("Call-ID"));
  if (call == nullptr || call->state != State::ringing || call->invite.cseq() != message.cseq()) {
    respond(now, message, from, 481, "Call/Transaction Does Not Exist", random_hex(16));
    return;
  }
  if (sip_branch(message) != sip_branch(call->invite)) {
    problem("a CANCEL with another branch than its INVITE");
  }
  respond(now, message, from, 200, "OK", call->local_tag);
  respond(now, call->invite, call->invite_from, 487, "Request Cancelled", call->local_tag);
  end(*call, "cancelled");
}

}  // namespace dw::lab
