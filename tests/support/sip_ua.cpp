#include "tests/support/sip_ua.hpp"

#include <algorithm>

#include "tests/support/sip_times.hpp"

namespace dw::sim {
namespace {

using namespace std::chrono_literals;

std::string key_of(const SipText& m, std::string_view method) {
  return sip_branch(m) + " " + sip_sent_by(m) + " " + std::string(method);
}

}  // namespace

// ---- transactions ----

SipText SipUa::begin(const std::string& method, const std::string& uri) {
  SipText m;
  m.first = method + " " + uri + " SIP/2.0";
  m.add("Max-Forwards", "70");
  return m;
}

std::optional<Endpoint> SipUa::next_hop(const SipText& m) const {
  if (options_.next) return options_.next;
  const std::string route = m.get("Route");
  return sip_endpoint(sip_host(route.empty() ? m.uri() : sip_uri(route)));
}

void SipUa::emit(const Endpoint& to, int stream, std::string octets) {
  if (silent) return;
  const std::uint16_t port = options_.source_port != 0 ? options_.source_port : options_.at.port;
  sent_.push_back({port, to, stream, std::move(octets)});
}

/// Returns its branch.
std::string SipUa::send_request(TimePoint now, SipText m, const std::string& call, int stream, bool counted) {
  const auto to = next_hop(m);
  if (!to) {
    fault("no way to " + m.uri());
    return {};
  }
  const std::string branch = "z9hG4bK" + options_.user + std::to_string(++last_);
  const bool tcp = stream != kNoStream;
  m.push_front("Via", std::string("SIP/2.0/") + (tcp ? "TCP " : "UDP ") + options_.at.address.to_string() + ":" +
                          std::to_string(options_.at.port) + (options_.rport ? ";rport" : "") + ";branch=" + branch);
  emit(*to, stream, m.str());
  if (!counted) return branch;
  Client c;
  c.to = *to;
  c.stream = stream;
  c.call = call;
  c.octets = m.str();
  c.gap = kT1;
  c.resend = tcp ? kNever : now + kT1;
  c.until = now + kAll;
  const std::string key = branch + " " + m.method();
  c.m = std::move(m);
  clients_[key] = std::move(c);
  return branch;
}

void SipUa::respond(TimePoint now, const std::string& key, const SipText& response) {
  Server& s = servers_.at(key);
  const bool invite = s.request.method() == "INVITE", tcp = s.stream != kNoStream;
  s.last = response.str();
  s.status = response.status();
  emit(s.to, s.stream, s.last);
  if (s.status < 200) return;
  s.until = now + kAll;
  if (invite && s.status >= 300 && !tcp) {
    s.gap = kT1;
    s.resend = now + kT1;
  }
}

void SipUa::on_message(TimePoint now, const Endpoint& from, int stream, std::string_view octets) {
  if (silent) return;
  if (octets.size() <= 4) return;  // a keepalive
  auto m = SipText::read(octets);
  if (!m) return fault("unreadable: " + std::string(octets));
  if (m->is_request()) {
    on_request(now, from, stream, std::move(*m));
  } else {
    on_response(now, *m);
  }
}

void SipUa::on_request(TimePoint now, const Endpoint& from, int stream, SipText m) {
  const std::string method = m.method();
  const std::string invite_key = key_of(m, "INVITE");
  if (method == "ACK") {
    const auto at = servers_.find(invite_key);
    if (at != servers_.end() && at->second.status >= 300) {
      at->second.resend = kNever;
      return;
    }
    const auto call = calls_.find(m.get("Call-ID") + "|" + sip_tag(m.get("To")));
    if (call == calls_.end()) return fault("an ACK of nothing");
    SipCall& c = call->second;
    if (c.ok.empty()) {
      ++absorbed_;
      return;
    }
    c.ok.clear();
    c.ok_resend = c.ok_until = kNever;
    if (c.established == 0) ++c.established;
    if (c.bye_wanted) bye(now, c, c.far_tag, c.target);
    return;
  }
  const std::string key = key_of(m, method);
  if (const auto at = servers_.find(key); at != servers_.end()) {
    ++absorbed_;
    const bool taken = method == "INVITE" && at->second.status >= 200 && at->second.status < 300;
    if (!at->second.last.empty() && !taken) emit(at->second.to, at->second.stream, at->second.last);
    return;
  }
  Server& s = servers_[key];
  s.request = m;
  s.to = from;
  s.stream = stream;
  if (unavailable && sip_tag(m.get("To")).empty() && method != "CANCEL")
    return respond(now, key, sip_answer(m, 503, "s" + std::to_string(++last_)));
  if (method == "CANCEL") {
    const auto at = servers_.find(invite_key);
    respond(now, key, sip_answer(m, at == servers_.end() ? 481 : 200, ""));
    if (at == servers_.end() || at->second.status >= 200) return;
    respond(now, invite_key, sip_answer(at->second.request, 487, "s" + std::to_string(++last_)));
    for (auto& [k, call] : calls_) {
      if (call.server_key != invite_key) continue;
      call.final_status = 487;
      over(call);
    }
    return;
  }
  if (method == "INVITE") return on_invite(now, key, m);
  if (method == "REGISTER") return on_register(now, key, m);
  const auto at = calls_.find(m.get("Call-ID") + "|" + sip_tag(m.get("To")));
  if (method == "BYE") {
    const bool known = at != calls_.end() && (at->second.state != SipCall::State::over || at->second.ended > 0);
    respond(now, key, sip_answer(m, known ? 200 : 481, ""));
    if (known) over(at->second);
    return;
  }
  respond(now, key, sip_answer(m, 200, "s" + std::to_string(++last_)));
}

void SipUa::on_response(TimePoint now, const SipText& m) {
  const auto at = clients_.find(sip_branch(m) + " " + m.method());
  if (m.all("Via").size() != 1) fault("a response with several Vias");
  if (at == clients_.end()) {
    // A 2xx that comes again once its transaction is over.
    if (m.method() == "INVITE" && m.status() >= 200 && m.status() < 300)
      on_invite_answer(now, m.get("Call-ID") + "|" + sip_tag(m.get("From")), m);
    return;
  }
  Client& c = at->second;
  const bool invite = m.method() == "INVITE", tcp = c.stream != kNoStream;
  if (m.status() < 200) {
    if (c.done) return;
    if (m.method() == "REGISTER" && m.status() != 100) fault("a provisional answer to REGISTER");
    if (invite) {
      c.resend = c.until = kNever;
      on_invite_answer(now, c.call, m);
    } else {
      c.gap = kT2;
    }
    return;
  }
  if (c.done) {
    ++absorbed_;
    if (!c.ack.empty()) emit(c.to, c.stream, c.ack);
    return;
  }
  c.done = true;
  c.resend = kNever;
  c.until = now + (tcp ? Duration{} : invite ? kAll : kT4);
  const std::string call = c.call, method = m.method();
  if (invite) {
    if (m.status() >= 300) {
      c.ack = sip_hop(c.m, "ACK", m.get("To")).str();
      emit(c.to, c.stream, c.ack);
    } else {
      clients_.erase(at);
    }
    return on_invite_answer(now, call, m);
  }
  if (method == "REGISTER") return on_register_answer(now, m);
  if (method == "BYE" && calls_.contains(call)) {
    if (m.status() != 200 && calls_.at(call).state != SipCall::State::over)
      fault("BYE was answered " + std::to_string(m.status()));
    over(calls_.at(call));
  }
}

void SipUa::on_timeout(TimePoint now, const Client& client) {
  const std::string method = client.m.method();
  if (method == "REGISTER") register_at_ = now + 5s;
  const auto at = calls_.find(client.call);
  if (at == calls_.end()) return;
  SipCall& call = at->second;
  if (method == "INVITE" && sip_tag(client.m.get("To")).empty()) {
    call.final_status = 408;
    over(call);
  } else if (method == "BYE") {
    over(call);
  } else if (method == "CANCEL" && call.state == SipCall::State::calling) {
    call.final_status = 487;
    over(call);
  }
}

TimePoint SipUa::next_deadline() const {
  TimePoint next = register_at_;
  for (const auto& [k, c] : clients_)
    next = std::min({next, c.resend, c.until});
  for (const auto& [k, s] : servers_)
    next = std::min({next, s.resend, s.until});
  for (const auto& [k, c] : calls_)
    next = std::min({next, c.ring_at, c.answer_at, c.ok_resend, c.ok_until});
  return next;
}

void SipUa::on_deadline(TimePoint now) {
  std::vector<Client> out;
  for (auto at = clients_.begin(); at != clients_.end();) {
    Client& c = at->second;
    if (c.until <= now) {
      if (!c.done) out.push_back(std::move(c));
      at = clients_.erase(at);
      continue;
    }
    if (c.resend <= now) {
      emit(c.to, c.stream, c.octets);
      c.gap = c.m.method() == "INVITE" ? 2 * c.gap : std::min(2 * c.gap, kT2);
      c.resend = now + c.gap;
    }
    ++at;
  }
  for (const Client& c : out)
    on_timeout(now, c);
  for (auto at = servers_.begin(); at != servers_.end();) {
    Server& s = at->second;
    if (s.until <= now) {
      at = servers_.erase(at);
      continue;
    }
    if (s.resend <= now) {
      emit(s.to, s.stream, s.last);
      s.gap = std::min(2 * s.gap, kT2);
      s.resend = now + s.gap;
    }
    ++at;
  }
  if (register_at_ <= now) {
    register_at_ = kNever;
    wants_registration_ ? register_now(now) : unregister(now);
  }
  std::vector<std::string> keys;
  for (const auto& [key, c] : calls_)
    keys.push_back(key);
  for (const auto& key : keys) {
    SipCall& c = calls_.at(key);
    if (c.ring_at <= now) {
      c.ring_at = kNever;
      SipText ringing = sip_answer(c.invite, 180, c.own_tag);
      if (c.state == SipCall::State::calling) respond(now, c.server_key, ringing.add("Contact", contact()));
    }
    if (c.answer_at <= now) {
      c.answer_at = kNever;
      if (c.state != SipCall::State::calling) continue;
      const int before = servers_.contains(c.server_key) ? servers_.at(c.server_key).status : 0;
      if (before >= 300 || (before >= 200 && !c.plan.all_take)) continue;
      c.final_status = c.plan.status;
      if (c.plan.status == 200) {
        c.state = SipCall::State::up;
        send_ok(now, c, c.own_tag);
      } else {
        respond(now, c.server_key, sip_answer(c.invite, c.plan.status, c.own_tag));
        over(c);
      }
    }
    if (c.ok_until <= now) {
      c.ok.clear();
      c.ok_resend = c.ok_until = kNever;
      fault("no ACK came");
      bye(now, c, c.far_tag, c.target);
    } else if (c.ok_resend <= now) {
      const Server& s = servers_.at(c.server_key);
      emit(s.to, s.stream, c.ok);
      c.ok_gap = std::min(2 * c.ok_gap, kT2);
      c.ok_resend = now + c.ok_gap;
    }
  }
}

}  // namespace dw::sim
