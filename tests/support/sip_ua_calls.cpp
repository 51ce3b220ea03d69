#include <algorithm>

#include "tests/support/sip_times.hpp"
#include "tests/support/sip_ua.hpp"

// Registrations and calls of a simulated end; its transactions stand in sip_ua.cpp.
namespace dw::sim {

using namespace std::chrono_literals;

std::string SipUa::contact() const {
  std::string uri =
      "<sip:" + options_.user + "@" + options_.at.address.to_string() + ":" + std::to_string(options_.at.port);
  if (options_.stream) uri += ";transport=tcp";
  return uri + ">";
}

std::string SipUa::own_sdp(unsigned version, bool held) const {
  return sip_sdp({options_.at.address, kMedia}, version, held ? "sendonly" : "sendrecv");
}

// ---- registration ----

void SipUa::register_now(TimePoint now) {
  wants_registration_ = true;
  SipText m = begin("REGISTER", "sip:" + options_.host);
  const std::string aor = "<sip:" + options_.user + "@" + options_.host + ">";
  m.add("From", aor + ";tag=r" + std::to_string(++last_)).add("To", aor);
  m.add("Call-ID", "reg" + options_.user).add("CSeq", std::to_string(++register_cseq_) + " REGISTER");
  m.add("Contact", contact() + (options_.instance.empty() ? "" : ";+sip.instance=\"" + options_.instance + "\""));
  m.add("Expires", std::to_string(options_.expires));
  send_request(now, m, {}, options_.stream ? stream_ : kNoStream);
}

void SipUa::unregister(TimePoint now) {
  const unsigned expires = std::exchange(options_.expires, 0U);
  register_now(now);
  options_.expires = expires;
  wants_registration_ = false;
  register_at_ = kNever;
}

void SipUa::on_register_answer(TimePoint now, const SipText& m) {
  if (m.cseq() != register_cseq_) return;
  if (m.status() == 401) {
    SipText again = begin("REGISTER", "sip:" + options_.host);
    again.add("From", m.get("From")).add("To", "<sip:" + options_.user + "@" + options_.host + ">");
    again.add("Call-ID", m.get("Call-ID")).add("CSeq", std::to_string(++register_cseq_) + " REGISTER");
    again.add("Authorization",
              "Digest username=\"" + options_.user + "\"," + m.get("WWW-Authenticate").substr(sizeof "Digest " - 1));
    again.add("Contact", contact() + (options_.instance.empty() ? "" : ";+sip.instance=\"" + options_.instance + "\""));
    again.add("Expires", std::to_string(wants_registration_ ? options_.expires : 0));
    send_request(now, again, {}, options_.stream ? stream_ : kNoStream);
    return;
  }
  if (m.status() >= 300) {
    const std::string after = m.get("Retry-After");
    register_at_ = now + std::chrono::seconds(after.empty() ? 5 : std::stoi(after));
    return;
  }
  if (!wants_registration_) {
    registered_until_ = {};
    return;
  }
  // It looks for its own address, octet for octet (sip-sbc §0).
  std::string expires = m.get("Expires");
  bool own = false;
  for (const auto& value : m.all("Contact")) {
    if (!value.starts_with(contact())) {
      fault("a contact of somebody else: " + value);
      continue;
    }
    own = true;
    expires = sip_param(value, "expires").value_or(expires);
  }
  if (!own) return fault("its contact did not come back");
  const int seconds = expires.empty() ? 3600 : std::stoi(expires);
  if (seconds < 20) fault("an expiry below 20 s");
  registered_until_ = now + std::chrono::seconds(seconds);
  register_at_ = registered_until_ - 5s;
}

void SipUa::on_register(TimePoint now, const std::string& key, const SipText& m) {
  const std::string tag = "s" + std::to_string(++last_);
  if (!options_.registrar) return respond(now, key, sip_answer(m, 405, tag));
  if (!m.has("Authorization"))
    return respond(now, key,
                   sip_answer(m, 401, tag).add("WWW-Authenticate", "Digest realm=\"pbx\",nonce=\"n" + tag + "\""));
  const std::string user = sip_user(sip_uri(m.get("To")));
  SipText ok = sip_answer(m, 200, tag);
  const int expires = std::stoi(m.get("Expires"));
  for (const auto& value : m.all("Contact")) {
    const std::string id = user + " " + sip_param(value, "+sip.instance").value_or(sip_uri(value));
    if (expires == 0) {
      contacts_.erase(id);
    } else {
      contacts_[id] = {sip_uri(value), servers_.at(key).stream, now + std::chrono::seconds(expires)};
    }
  }
  for (const auto& [id, c] : contacts_) {
    if (id.starts_with(user + " ") && c.until > now)
      ok.add("Contact", "<" + c.uri + ">;expires=" + std::to_string((c.until - now) / 1s));
  }
  respond(now, key, ok.add("Date", "Thu, 01 Jan 2026 00:00:00 GMT"));
}

void SipUa::restart() {
  clients_.clear();
  servers_.clear();
  calls_.clear();
  contacts_.clear();
  sent_.clear();
}

void SipUa::stream_lost(TimePoint now, int stream) {
  for (auto& [key, c] : clients_) {
    if (c.stream == stream && !c.done) c.until = now;
  }
  if (options_.stream && wants_registration_) {
    ++stream_;
    register_at_ = now + 1s;
  }
}

// ---- calls ----

std::string SipUa::call(TimePoint now, const std::string& user) {
  SipCall c;
  c.outgoing = true;
  c.stream = options_.stream ? stream_ : kNoStream;
  c.call_id = "c" + options_.user + "-" + std::to_string(++last_);
  c.own_tag = "t" + std::to_string(++last_);
  c.cseq = 1;
  std::string uri = "sip:" + user + "@" + options_.host;
  if (options_.registrar) {
    const auto at = contacts_.lower_bound(user + " ");
    if (at == contacts_.end() || !at->first.starts_with(user + " ") || at->second.until <= now) return {};
    uri = at->second.uri;
    c.stream = at->second.stream;
  }
  SipText m = begin("INVITE", uri);
  m.add("From", "<sip:" + options_.user + "@" + options_.host + ">;tag=" + c.own_tag);
  m.add("To", "<sip:" + user + "@" + options_.host + ">");
  m.add("Call-ID", c.call_id).add("CSeq", "1 INVITE").add("Contact", contact());
  m.with_body("application/sdp", own_sdp(1, false));
  const std::string key = c.call_id + "|" + c.own_tag;
  c.branch = send_request(now, m, key, c.stream);
  const auto sent = clients_.find(c.branch + " INVITE");
  if (sent == clients_.end()) return {};
  c.invite = sent->second.m;
  calls_[key] = std::move(c);
  return key;
}

void SipUa::hang_up(TimePoint now, const std::string& key) {
  const auto at = calls_.find(key);
  if (at == calls_.end()) return;
  SipCall& c = at->second;
  if (c.state == SipCall::State::up) {
    if (!c.ok.empty()) {
      c.bye_wanted = true;  // not before its ACK (RFC 3261 §15)
    } else {
      bye(now, c, c.far_tag, c.target);
    }
  } else if (c.state == SipCall::State::calling && c.outgoing && !c.cancel_sent) {
    c.cancel_wanted = true;
    if (!c.heard_provisional) return;
    c.cancel_sent = true;
    const SipText cancel = sip_hop(c.invite, "CANCEL", c.invite.get("To"));
    Client client;
    const auto to = next_hop(c.invite);
    if (!to) return;
    client.m = cancel;
    client.octets = cancel.str();
    client.to = *to;
    client.stream = c.stream;
    client.call = key;
    client.gap = kT1;
    client.resend = c.stream == kNoStream ? now + kT1 : kNever;
    client.until = now + kAll;
    emit(*to, c.stream, client.octets);
    clients_[c.branch + " CANCEL"] = std::move(client);
  }
}

void SipUa::hold(TimePoint now, const std::string& key, bool on) {
  const auto at = calls_.find(key);
  if (at == calls_.end() || at->second.state != SipCall::State::up || !at->second.ok.empty()) return;
  SipCall& c = at->second;
  SipText m = within(c, "INVITE", ++c.cseq);
  m.with_body("application/sdp", own_sdp(++c.version, on));
  send_request(now, m, key, c.stream);
}

SipText SipUa::within(const SipCall& c, const std::string& method, unsigned cseq) {
  SipText m = begin(method, c.target);
  for (const auto& route : c.routes)
    m.add("Route", route);
  const std::string own = c.invite.get(c.outgoing ? "From" : "To"), far = c.invite.get(c.outgoing ? "To" : "From");
  m.add("From", c.outgoing ? own : own + ";tag=" + c.own_tag);
  m.add("To", c.outgoing ? far + ";tag=" + c.far_tag : far);
  m.add("Call-ID", c.call_id).add("CSeq", std::to_string(cseq) + " " + method).add("Contact", contact());
  return m;
}

void SipUa::bye(TimePoint now, SipCall& c, const std::string& far_tag, const std::string& target) {
  c.bye_wanted = false;
  SipCall as = c;
  as.far_tag = far_tag;
  as.target = target;
  const bool main = far_tag == c.far_tag;
  if (main && c.state == SipCall::State::over) return;
  if (main) c.state = SipCall::State::ending;
  send_request(now, within(as, "BYE", ++c.cseq), main ? c.call_id + "|" + c.own_tag : std::string(), c.stream);
}

void SipUa::over(SipCall& c) {
  if (c.state == SipCall::State::over) return;
  if (c.state != SipCall::State::calling) ++c.ended;
  c.state = SipCall::State::over;
  c.ring_at = c.answer_at = kNever;
}

void SipUa::on_invite(TimePoint now, const std::string& key, const SipText& m) {
  const std::string own = sip_tag(m.get("To"));
  if (!own.empty()) {
    const auto at = calls_.find(m.get("Call-ID") + "|" + own);
    if (at == calls_.end() || at->second.state != SipCall::State::up) return respond(now, key, sip_answer(m, 481, ""));
    SipCall& c = at->second;
    if (!c.ok.empty()) return respond(now, key, sip_answer(m, 491, ""));
    c.target = sip_uri(m.get("Contact"));
    c.server_key = key;
    ++c.version;
    SipText ok = sip_answer(m, 200, "");
    ok.add("Contact", contact()).with_body("application/sdp", own_sdp(c.version, false));
    respond(now, key, ok);
    c.ok = ok.str();
    c.ok_gap = kT1;
    c.ok_resend = now + kT1;
    c.ok_until = now + kAll;
    return;
  }
  for (const auto& [k, c] : calls_) {
    if (c.call_id == m.get("Call-ID") && !c.outgoing) fault("a second transaction of one INVITE: " + c.call_id);
  }
  const SipPlan p = plan();
  for (int i = 0; i < p.branches; ++i) {
    SipCall c;
    c.call_id = m.get("Call-ID");
    c.own_tag = "t" + std::to_string(++last_);
    c.far_tag = sip_tag(m.get("From"));
    c.invite = m;
    c.far_media = sip_media(m.body);
    c.cseq = 100;
    c.target = sip_uri(m.get("Contact"));
    c.routes = m.all("Record-Route");
    c.server_key = key;
    c.stream = servers_.at(key).stream;
    c.plan = p;
    c.ring_at = now + p.ring_after + i * 10ms;
    if (p.status != 0 && (i == 0 || p.all_take)) c.answer_at = now + p.answer_after + i * 15ms;
    calls_[c.call_id + "|" + c.own_tag] = std::move(c);
  }
}

void SipUa::send_ok(TimePoint now, SipCall& c, const std::string& tag) {
  SipText ok = sip_answer(c.invite, 200, tag);
  ok.add("Contact", contact()).with_body("application/sdp", own_sdp(c.version, false));
  respond(now, c.server_key, ok);
  // The others that were asked are cancelled; their dialogs end with the transaction.
  for (auto& [key, other] : calls_) {
    if (other.server_key == c.server_key && &other != &c && !other.plan.all_take) over(other);
  }
  c.ok = ok.str();
  c.ok_gap = kT1;
  c.ok_resend = now + kT1;
  c.ok_until = now + kAll;
}

void SipUa::send_ack(TimePoint now, const SipCall& c, const SipText& ok) {
  SipCall as = c;
  as.far_tag = sip_tag(ok.get("To"));
  as.target = sip_uri(ok.get("Contact"));
  as.routes = ok.all("Record-Route");
  std::ranges::reverse(as.routes);
  SipText ack = within(as, "ACK", ok.cseq());
  if (!c.outgoing) ack.set("To", ok.get("To")).set("From", ok.get("From"));
  send_request(now, ack, {}, c.stream, false);
}

void SipUa::on_invite_answer(TimePoint now, const std::string& key, const SipText& m) {
  const auto at = calls_.find(key);
  if (at == calls_.end()) return;
  SipCall& c = at->second;
  const bool first = c.outgoing && m.cseq() == 1;
  if (m.status() < 200) {
    c.heard_provisional = true;
    if (first && c.cancel_wanted && !c.cancel_sent) hang_up(now, key);
    return;
  }
  if (m.status() >= 300) {
    if (!first) {
      if (m.status() == 491 || m.status() == 481) return;  // both at once, or it is over there already
      if (c.state == SipCall::State::up) fault("a re-INVITE was answered " + std::to_string(m.status()));
      return;
    }
    if (c.state != SipCall::State::calling) return fault("a refusal after a 2xx");
    c.final_status = m.status();
    return over(c);
  }
  const std::string tag = sip_tag(m.get("To"));
  if (!first) {
    send_ack(now, c, m);
    ++c.reinvites_done;
    c.target = sip_uri(m.get("Contact"));
    return;
  }
  if (c.state == SipCall::State::calling) {
    c.far_media = sip_media(m.body);
    c.final_status = m.status();
    c.state = SipCall::State::up;
    ++c.established;
    c.far_tag = tag;
    c.target = sip_uri(m.get("Contact"));
    c.routes = m.all("Record-Route");
    std::ranges::reverse(c.routes);
    send_ack(now, c, m);
    if (c.cancel_wanted) bye(now, c, c.far_tag, c.target);
    return;
  }
  if (c.final_status != 200) return fault("a 2xx after a refusal");
  ++absorbed_;
  send_ack(now, c, m);
  if (tag != c.far_tag) bye(now, c, tag, sip_uri(m.get("Contact")));  // of two it keeps the first
}

}  // namespace dw::sim
