// The calls of a lab phone: dialogs, descriptions, transfer.
#include <fmt/core.h>

#include <algorithm>

#include "tests/lab/sip_lab_phone.hpp"

namespace dw::lab {

using namespace std::chrono_literals;
using State = SipCall::State;

namespace {

constexpr unsigned kPorts = 32, kEchoPorts = 2000;  // RTP ports of a phone, two apart
constexpr Duration kEarly = 1500ms;                 // how long 601 rings

std::string status_line(const SipText& response) {
  return response.start + "\r\n";
}

std::vector<std::string> reversed(std::vector<std::string> routes) {
  std::ranges::reverse(routes);
  return routes;
}

const char* supported_in_calls(SipModel model) {
  return model == SipModel::cp7960 ? "replaces"
                                   : "replaces,join,norefersub,extended-refer,X-cisco-callinfo,X-cisco-serviceuri,"
                                     "X-cisco-escapecodes,X-cisco-service-control,X-cisco-srtp-fallback,X-cisco-monrec,"
                                     "X-cisco-config,X-cisco-sis-3.0.0,X-cisco-xsi-8.0.1";
}

}  // namespace

SipCall* SipLabPhone::find_call(const std::string& id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : found->second.get();
}

// The call in hand: the newest that goes.
SipCall* SipLabPhone::active() {
  for (auto id = recent_.rbegin(); id != recent_.rend(); ++id) {
    SipCall* call = find_call(*id);
    if (call != nullptr && call->going()) return call;
  }
  return nullptr;
}

SipCall* SipLabPhone::held() {
  for (auto id = recent_.rbegin(); id != recent_.rend(); ++id) {
    SipCall* call = find_call(*id);
    if (call != nullptr && call->going() && call->media.on_hold) return call;
  }
  return nullptr;
}

SipCall& SipLabPhone::make_call(const std::string& id, bool outgoing) {
  auto& call = calls_[id];
  call = std::make_unique<SipCall>();
  call->id = id;
  call->outgoing = outgoing;
  call->local_tag = device_.substr(3) + "00" + random_hex(8) + "-" + random_hex(8);
  call->media.session = std::to_string(10000 + 100 * index_ + calls_.size());
  std::erase(recent_, id);
  recent_.push_back(id);
  return *call;
}

void SipLabPhone::open_media(SipCall& call) {
  const unsigned count = options_.echo ? kEchoPorts : kPorts;
  for (unsigned tries = 0; tries < 8 && !call.media.port; ++tries) {
    const unsigned port = options_.rtp + 2 * (count * index_ + media_ports_++ % count);
    call.media.local = {own_, static_cast<std::uint16_t>(port)};
    call.media.port = std::make_unique<UdpPort>(call.media.local);
    if (!call.media.port->ok()) call.media.port.reset();
  }
  if (!call.media.port) fail("RTP ports are taken");
}

SipText SipLabPhone::in_dialog(const SipCall& call, const std::string& method, unsigned cseq) const {
  SipText out = message(method, call.target, call.local_with_tag(), call.remote_with_tag(), call.id, cseq);
  for (const std::string& route : call.routes)
    out.add("Route", route);
  return out;
}

std::optional<SdpAudio> SipLabPhone::described(const SipText& message) {
  if (message.body.empty() || !message.get("Content-Type").starts_with("application/sdp")) return std::nullopt;
  auto audio = parse_sdp(message.body);
  if (!audio) problem("a description that is none: " + message.body);
  return audio;
}

void SipLabPhone::take_description(SipCall& call, const SdpAudio& audio) {
  const auto address = IpAddress::parse(audio.address);
  if (!address) return problem("told to send audio to " + audio.address);
  if (!options_.lenient && !options_.any_media && audio.address != "0.0.0.0" &&
      *address != options_.link.server.address) {
    problem("told to send audio to " + audio.address);
  }
  for (const unsigned type : {8U, 0U}) {
    if (std::ranges::find(audio.payload_types, type) != audio.payload_types.end()) call.media.payload_type = type;
  }
  call.media.remote.reset();
  if (audio.port != 0 && audio.address != "0.0.0.0") call.media.remote = Endpoint{*address, audio.port};
  call.media.peer_holds = audio.is_hold();
  if (!call.media.source) {
    call.media.source = std::make_unique<RtpSource>(device_, static_cast<std::uint8_t>(call.media.payload_type),
                                                    (index_ + 1) << 16 | ++streams_);
    tally_.rejoin();
    total_.rejoin();
  }
  next_rtp_ = std::max(next_rtp_, Clock::now());
  say(fmt::format("described remote={}:{} {}", audio.address, audio.port, audio.direction));
}

// ---- outgoing ----

void SipLabPhone::dial(TimePoint now, const std::string& number, bool late_offer) {
  (void)invite(now, "sip:" + number + "@" + host() + ";user=phone", {}, late_offer);
}

SipCall& SipLabPhone::invite(TimePoint now, const std::string& uri, std::vector<SipHeader> more, bool late_offer) {
  SipCall& call =
      make_call(device_.substr(3) + "-" + random_hex(8) + "-" + random_hex(8) + "@" + own_.to_string(), true);
  call.local = "\"" + user_ + "\" <sip:" + user_ + "@" + host() + ">";
  call.remote = "<" + uri + ">";
  call.target = uri;
  SipText out = in_dialog(call, "INVITE", call.cseq);
  out.add("Contact", "<" + contact_uri() + ">");
  out.add("Expires", "180");
  out.add("Accept", "application/sdp");
  out.add("Allow", "ACK,BYE,CANCEL,INVITE,NOTIFY,OPTIONS,REFER,REGISTER,UPDATE,SUBSCRIBE,INFO");
  out.add("Remote-Party-ID", call.local + ";party=calling;id-type=subscriber;privacy=off;screen=yes");
  out.add("Supported", supported_in_calls(options_.model));
  out.add("Allow-Events", "kpml,dialog");
  for (SipHeader& header : more)
    out.headers.push_back(std::move(header));
  open_media(call);
  if (late_offer) {
    finish(out, "", "");
  } else {
    finish(out, "application/sdp", call.media.describe(nullptr, false));
  }
  call.invite = out;
  say("dialling " + uri);
  request(now, std::move(out), call.id);
  return call;
}

void SipLabPhone::reinvite(TimePoint now, SipCall& call, const std::string& doing) {
  call.doing = doing;
  call.challenges = 0;
  call.media.on_hold = doing == "hold";
  SipText out = in_dialog(call, "INVITE", ++call.cseq);
  out.add("Contact", "<" + contact_uri() + ">");
  out.add("Allow", "ACK,BYE,CANCEL,INVITE,NOTIFY,OPTIONS,REFER,REGISTER,UPDATE,SUBSCRIBE,INFO");
  out.add("Supported", supported_in_calls(options_.model));
  finish(out, "application/sdp", call.media.describe(nullptr, options_.zero_hold));
  call.invite = out;
  request(now, std::move(out), call.id);
}

void SipLabPhone::on_invite_response(TimePoint now, ClientTransaction& sent, const SipText& response) {
  SipCall* call = find_call(sent.call);
  if (call == nullptr) return;
  const int status = response.status();
  if (status < 200) {
    sent.provisional = true;
    if (status == 100 || !call->going()) return;
    const bool first = call->state == State::calling;
    if (call->doing.empty()) {
      call->remote_tag = parse_name_addr(response.get("To")).param("tag");
      if (const auto contacts = response.values("Contact"); !contacts.empty()) {
        call->target = parse_name_addr(contacts[0]).uri;
      }
      call->routes = reversed(response.values("Record-Route"));
      call->state = State::early;
    }
    if (const auto audio = described(response)) {
      take_description(*call, *audio);
      happen("early-media");
    }
    if (first) happen("proceeding", response.start);
    if (call->cancelled) hang_up(now, *call);
    return;
  }
  if (status < 300) {
    if (sent.finished) return transmit(call->ack, next_hop(in_dialog(*call, "ACK", 1)));
    sent.finished = true;
    const SipText asked = sent.request;
    return on_invite_success(now, *call, asked, response);
  }
  if (sent.finished) return transmit(sent.ack, next_hop(sent.request));
  sent.finished = true;
  const SipText asked = sent.request;
  SipText ack;
  ack.start = "ACK " + asked.target() + " SIP/2.0";
  for (const char* name : {"Via", "Route", "From"}) {
    for (const std::string& value : asked.values(name))
      ack.add(name, value);
  }
  ack.add("To", status == 487 ? asked.get("To") : response.get("To"));  // real ones leave the tag out after a CANCEL
  ack.add("Call-ID", asked.get("Call-ID"));
  ack.add("Max-Forwards", "70");
  ack.add("CSeq", std::to_string(asked.cseq()) + " ACK");
  finish(ack, "", "");
  sent.ack = ack.to_string();
  transmit(sent.ack, next_hop(asked));
  on_invite_failure(now, *call, asked, response);
}

void SipLabPhone::on_invite_success(TimePoint now, SipCall& call, const SipText& sent, const SipText& response) {
  if (call.doing.empty()) {
    call.remote_tag = parse_name_addr(response.get("To")).param("tag");
    call.routes = reversed(response.values("Record-Route"));
    if (call.remote_tag.empty()) problem("a 200 to INVITE without a To tag");
  }
  const auto contacts = response.values("Contact");
  if (contacts.empty()) {
    problem("a 200 to INVITE without a Contact");
  } else {
    call.target = parse_name_addr(contacts[0]).uri;
  }
  SipText ack = in_dialog(call, "ACK", sent.cseq());
  for (const char* name : {"Authorization", "Proxy-Authorization"}) {
    if (sent.has(name)) ack.add(name, sent.get(name));
  }
  const auto audio = described(response);
  if (audio) take_description(call, *audio);
  if (sent.body.empty() && audio) {
    finish(ack, "application/sdp", call.media.describe(&*audio, false));
  } else {
    finish(ack, "", "");
    if (!audio) problem("a 200 to INVITE without a description");
  }
  call.ack = ack.to_string();
  transmit(call.ack, next_hop(ack));
  const std::string did = call.doing;
  call.doing.clear();
  if (call.state != State::ended) call.state = State::connected;
  happen(did == "hold" ? "held" : did == "resume" ? "resumed" : "connected");
  if (call.cancelled) return hang_up(now, call);
  if (did.empty()) tell_referrer(now, call, status_line(response), true);
}

void SipLabPhone::on_invite_failure(TimePoint now, SipCall& call, const SipText& sent, const SipText& response) {
  const int status = response.status();
  if ((status == 401 || status == 407) && ++call.challenges <= 2 && !call.cancelled) {
    SipText again = sent;
    again.set("Via", via());
    again.set("CSeq", std::to_string(++call.cseq) + " INVITE");
    say("challenged INVITE");
    if (!answer_challenge(again, response)) return fail("can't answer the challenge");
    call.invite = again;
    call.remote_tag.clear();
    return request(now, std::move(again), call.id);
  }
  if (!call.doing.empty()) {
    call.media.on_hold = call.doing != "hold";
    happen(call.doing + "-failed", response.start);
    call.doing.clear();
    return;
  }
  tell_referrer(now, call, status_line(response), true);
  if (status != 487) happen("rejected", response.start);
  end(call, response.start);
}

void SipLabPhone::on_call_response(TimePoint, const SipText& sent, const SipText& response) {
  const std::string method = sent.method();
  SipCall* call = find_call(sent.get("Call-ID"));
  const int status = response.status();
  if (status == 401 || status == 407) problem("challenged a " + method + ", which no phone can answer");
  if (call == nullptr) {
    if (method == "REFER") happen("token", response.start);
    return;
  }
  if (method == "BYE") {
    if (status >= 300) problem("its BYE got " + response.start);
    end(*call, "hung up");
  } else if (method == "REFER") {
    happen(status < 300 ? "refer-accepted" : "transfer-failed", response.start);
  } else if (status >= 300) {
    problem("its " + method + " got " + response.start);
  }
}

void SipLabPhone::end(SipCall& call, const std::string& why) {
  if (!call.going()) return;
  call.state = State::ended;
  call.ok.clear();
  call.media.port.reset();
  call.media.remote.reset();
  happen("ended", "why=\"" + why + "\"");
}

void SipLabPhone::hang_up(TimePoint now, SipCall& call) {
  if (call.state == State::ringing) {
    respond(now, call.invite, call.invite_from, 486, "Busy Here", call.local_tag);
    return end(call, "declined");
  }
  if (call.state == State::calling) {
    call.cancelled = true;
    return;
  }
  if (call.state == State::early) {
    call.cancelled = true;
    SipText cancel = call.invite;
    cancel.start = "CANCEL " + call.invite.target() + " SIP/2.0";
    std::erase_if(cancel.headers, [](const SipHeader& h) {
      static constexpr const char* kKept[] = {"Via", "From", "To", "Call-ID", "Max-Forwards", "Route", "User-Agent"};
      return std::ranges::find(kKept, h.name) == std::end(kKept);
    });
    cancel.add("CSeq", std::to_string(call.invite.cseq()) + " CANCEL");
    finish(cancel, "", "");
    return request(now, std::move(cancel), call.id);
  }
  SipText bye = in_dialog(call, "BYE", ++call.cseq);
  bye.add("RTP-RxStat", fmt::format("Dur=2,Pkt={0},Oct={1},LatePkt=0,LostPkt=0,AvgJit=0", call.media.received,
                                    call.media.received * 160));
  bye.add("RTP-TxStat", fmt::format("Dur=2,Pkt={0},Oct={1}", call.media.sent, call.media.sent * 160));
  finish(bye, "", "");
  call.media.remote.reset();
  request(now, std::move(bye), call.id);
}

// ---- incoming ----

void SipLabPhone::on_invite(TimePoint now, const SipText& message, const Endpoint& from) {
  if (!parse_name_addr(message.get("To")).param("tag").empty()) return on_reinvite(now, message, from);
  on_new_call(now, message, from);
}

void SipLabPhone::on_new_call(TimePoint now, const SipText& message, const Endpoint& from) {
  SipCall* replaced = nullptr;
  if (const std::string replaces = message.get("Replaces"); !replaces.empty()) {
    const NameAddr named = parse_name_addr(replaces);
    replaced = find_call(named.uri);
    if (replaced == nullptr || !replaced->going() || named.param("to-tag") != replaced->local_tag ||
        named.param("from-tag") != replaced->remote_tag) {
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
  call.remote_tag = parse_name_addr(message.get("From")).param("tag");
  call.remote_cseq = message.cseq();
  call.routes = message.values("Record-Route");
  if (call.remote_tag.empty()) problem("an INVITE without a From tag");
  if (const auto contacts = message.values("Contact"); contacts.empty()) {
    problem("an INVITE without a Contact");
  } else {
    call.target = parse_name_addr(contacts[0]).uri;
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
  const std::vector<SipHeader> contact{{"Contact", "<" + contact_uri() + ">"}};
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
    call->target = parse_name_addr(contacts[0]).uri;
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
  if (call == nullptr || call->remote_tag != parse_name_addr(message.get("From")).param("tag")) {
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
  if (parse_via(message.get("Via")).param("branch") != parse_via(call->invite.get("Via")).param("branch")) {
    problem("a CANCEL with another branch than its INVITE");
  }
  respond(now, message, from, 200, "OK", call->local_tag);
  respond(now, call->invite, call->invite_from, 487, "Request Cancelled", call->local_tag);
  end(*call, "cancelled");
}

}  // namespace dw::lab
