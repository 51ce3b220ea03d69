// Transfer: REFER and what comes of it, on both sides.
#include "tests/lab/sip_lab_phone.hpp"

namespace dw::lab {

void SipLabPhone::transfer(TimePoint now, SipCall& call, const std::string& refer_to) {
  SipText refer = in_dialog(call, "REFER", ++call.cseq);
  refer.add("Contact", "<" + contact_uri() + ">");
  refer.add("Refer-To", "<" + refer_to + ">");
  refer.add("Referred-By", "<sip:" + user_ + "@" + host() + ">");
  finish(refer, "", "");
  request(now, std::move(refer), call.id);
}

void SipLabPhone::on_refer(TimePoint now, const SipText& message, const Endpoint& from) {
  SipCall* call = find_call(message.get("Call-ID"));
  if (call == nullptr || !call->going()) {  // remotecc and such
    happen("refer");
    respond(now, message, from, 202, "Accepted", random_hex(16), {{"Contact", "<" + contact_uri() + ">"}});
    return;
  }
  judge_in_dialog(message, *call);
  call->remote_cseq = message.cseq();
  const auto uri = SipUri::read(sip_uri(message.get("Refer-To")));
  if (!uri) {
    problem("a Refer-To without a URI: " + message.get("Refer-To"));
    respond(now, message, from, 400, "Bad Refer-To");
    return;
  }
  judge_route(uri->without_headers(), "Refer-To");
  respond(now, message, from, 202, "Accepted", "", {{"Contact", "<" + contact_uri() + ">"}});
  happen("referred", message.get("Refer-To"));
  notify(now, *call, message.cseq(), "SIP/2.0 100 Trying\r\n", false);
  std::vector<SipField> more;
  if (const std::string replaces = uri->header("Replaces"); !replaces.empty()) more.push_back({"Replaces", replaces});
  if (message.has("Referred-By")) more.push_back({"Referred-By", message.get("Referred-By")});
  SipCall& placed = invite(now, uri->without_headers(), std::move(more), false);
  placed.refer_of = call->id;
  placed.refer_cseq = message.cseq();
}

void SipLabPhone::notify(TimePoint now, SipCall& call, unsigned refer_cseq, const std::string& sipfrag, bool last) {
  SipText out = in_dialog(call, "NOTIFY", ++call.cseq);
  out.add("Contact", "<" + contact_uri() + ">");
  out.add("Event", "refer;id=" + std::to_string(refer_cseq));
  out.add("Subscription-State", last ? "terminated;reason=noresource" : "active;expires=60");
  finish(out, "message/sipfrag", sipfrag);
  request(now, std::move(out), call.id);
}

void SipLabPhone::tell_referrer(TimePoint now, const SipCall& call, const std::string& sipfrag, bool last) {
  SipCall* asked = call.refer_of.empty() ? nullptr : find_call(call.refer_of);
  if (asked != nullptr && asked->going()) notify(now, *asked, call.refer_cseq, sipfrag, last);
}

void SipLabPhone::on_notify(TimePoint now, const SipText& message, const Endpoint& from) {
  const std::string event = message.get("Event").substr(0, message.get("Event").find(';'));
  SipCall* call = find_call(message.get("Call-ID"));
  if (call == nullptr) {
    respond(now, message, from, 200, "OK", random_hex(16));
    if (event == "service-control") judge_service_control(message);
    ++happened_["notify"];
    return happen("notify-" + event);
  }
  if (call->going()) judge_in_dialog(message, *call);
  call->remote_cseq = std::max(call->remote_cseq, message.cseq());
  respond(now, message, from, 200, "OK", "", {{"Contact", "<" + contact_uri() + ">"}});
  if (event != "refer" || !call->going()) return;
  if (message.body.starts_with("SIP/2.0 2")) {
    happen("transferred");
    hang_up(now, *call);
  } else if (!message.body.starts_with("SIP/2.0 1")) {
    happen("transfer-failed", message.body.substr(0, message.body.find('\r')));
  }
}

}  // namespace dw::lab
