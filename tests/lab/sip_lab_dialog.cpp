// The calls of a lab phone: dialogs, descriptions, and calls that it makes.
#include <fmt/core.h>

#include <algorithm>

#include "tests/lab/sip_lab_phone.hpp"

namespace dw::lab {

using namespace std::chrono_literals;
using State = SipCall::State;

namespace {

constexpr unsigned kPorts = 32, kEchoPorts = 2000;  // RTP ports of a phone, two apart

std::string status_line(const SipText& response) {
  return response.first + "\r\n";
}

std::vector<std::string> reversed(std::vector<std::string> routes) {
  std::ranges::reverse(routes);
  return routes;
}

}  // namespace

const char* supported_in_calls(SipModel model) {
  return model == SipModel::cp7960 ? "replaces"
                                   : "replaces,join,norefersub,extended-refer,X-cisco-callinfo,X-cisco-serviceuri,"
                                     "X-cisco-escapecodes,X-cisco-service-control,X-cisco-srtp-fallback,X-cisco-monrec,"
                                     "X-cisco-config,X-cisco-sis-3.0.0,X-cisco-xsi-8.0.1";
}

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

void SipLabPhone::dial(TimePoint now, const std::string& number, bool late_offer) {
  (void)invite(now, "sip:" + number + "@" + host() + ";user=phone", {}, late_offer);
}

SipCall& SipLabPhone::invite(TimePoint now, const std::string& uri, std::vector<SipField> more, bool late_offer) {
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
  for (SipField& header : more)
    out.fields.push_back(std::move(header));
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
      call->remote_tag = sip_tag(response.get("To"));
      if (const auto contacts = response.values("Contact"); !contacts.empty()) {
        call->target = sip_uri(contacts[0]);
      }
      call->routes = reversed(response.values("Record-Route"));
      call->state = State::early;
    }
    if (const auto audio = described(response)) {
      take_description(*call, *audio);
      happen("early-media");
    }
    if (first) happen("proceeding", response.first);
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
  ack.first = "ACK " + asked.uri() + " SIP/2.0";
  for (const char* name : {"Via", "Route", "From"}) {
    for (const std::string& value : asked.values(name))
      ack.add(name, value);
  }
  ack.add("To", status == 487 ? asked.get("To") : response.get("To"));  // real ones leave the tag out after a CANCEL
  ack.add("Call-ID", asked.get("Call-ID"));
  ack.add("Max-Forwards", "70");
  ack.add("CSeq", std::to_string(asked.cseq()) + " ACK");
  finish(ack, "", "");
  sent.ack = ack.str();
  transmit(sent.ack, next_hop(asked));
  on_invite_failure(now, *call, asked, response);
}

void SipLabPhone::on_invite_success(TimePoint now, SipCall& call, const SipText& sent, const SipText& response) {
  if (call.doing.empty()) {
    call.remote_tag = sip_tag(response.get("To"));
    call.routes = reversed(response.values("Record-Route"));
    if (call.remote_tag.empty()) problem("a 200 to INVITE without a To tag");
  }
  const auto contacts = response.values("Contact");
  if (contacts.empty()) {
    problem("a 200 to INVITE without a Contact");
  } else {
    call.target = sip_uri(contacts[0]);
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
  call.ack = ack.str();
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
    happen(call.doing + "-failed", response.first);
    call.doing.clear();
    return;
  }
  tell_referrer(now, call, status_line(response), true);
  if (status != 487) happen("rejected", response.first);
  end(call, response.first);
}

void SipLabPhone::on_call_response(TimePoint, const SipText& sent, const SipText& response) {
  const std::string method = sent.method();
  SipCall* call = find_call(sent.get("Call-ID"));
  const int status = response.status();
  if (status == 401 || status == 407) problem("challenged a " + method + ", which no phone can answer");
  if (call == nullptr) {
    if (method == "REFER") happen("token", response.first);
    return;
  }
  if (method == "BYE") {
    if (status >= 300) problem("its BYE got " + response.first);
    end(*call, "hung up");
  } else if (method == "REFER") {
    happen(status < 300 ? "refer-accepted" : "transfer-failed", response.first);
  } else if (status >= 300) {
    problem("its " + method + " got " + response.first);
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
    cancel.first = "CANCEL " + call.invite.uri() + " SIP/2.0";
    std::erase_if(cancel.fields, [](const SipField& h) {
      static constexpr const char* kKept[] = {"Via", "From", "To", "Call-ID", "Max-Forwards", "Route", "User-Agent"};
      return std::ranges::find(kKept, h.first) == std::end(kKept);
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

}  // namespace dw::lab
