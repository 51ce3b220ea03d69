#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "sbc/sip/proxy.hpp"
#include "tests/support/sccp_fake_broker.hpp"
#include "tests/support/sip_text.hpp"

namespace dw::sim {

using namespace std::chrono_literals;

/// One sip::Proxy in virtual time, and a hand that writes each message: for tests of one rule. Phones stand
/// at 192.168.1.x and know us as 192.168.1.2; the servers at 203.0.113.20 and on, and know us as
/// 203.0.113.10. Every message that the proxy sends is read by our own reader.
class Stand {
 public:
  struct Sent {
    sip::Flow to;
    SipText m;
    TimePoint at;
  };

  static IpAddress phone_address(unsigned last = 50) { return IpAddress::v4(0xC0A80100U + last); }
  static IpAddress server_address(unsigned n = 0) { return IpAddress::v4(0xCB007114U + n); }
  static IpAddress access() { return IpAddress::v4(0xC0A80102U); }
  static IpAddress central() { return IpAddress::v4(0xCB00710AU); }

  static sip::ProxyOptions options(unsigned servers = 1, sip::Transport transport = sip::Transport::udp) {
    sip::ProxyOptions o;
    for (unsigned i = 0; i < servers; ++i)
      o.servers.push_back({transport, {server_address(i).to_string(), 0}});
    o.central_domain = "pbx.example.net";
    o.ping = {};
    o.unregistered_calls = false;
    o.guard.scanners = {"friendly-scanner", "sipvicious"};
    return o;
  }

  explicit Stand(sip::ProxyOptions o = options())
      : servers_(o.servers.size()), proxy(std::move(o), broker, known, [this] { return random(); }) {
    for (std::size_t i = 0; i < servers_; ++i)
      proxy.set_server_addresses(i, {{{server_address(static_cast<unsigned>(i)), 5060}, {central(), 5060}}});
  }

  // ---- what is said to the proxy ----

  static sip::Flow phone_flow(unsigned last = 50, std::uint16_t port = 5060) {
    return {sip::Transport::udp, {access(), 5060}, {phone_address(last), port}, sip::ConnectionId::none};
  }
  static sip::Flow server_flow(unsigned n = 0) {
    return {sip::Transport::udp, {central(), 5060}, {server_address(n), 5060}, sip::ConnectionId::none};
  }
  void say(const sip::Flow& from, const SipText& m) { say(from, m.str()); }
  void say(const sip::Flow& from, const std::string& octets) {
    sip::Output out;
    proxy.on_message(now, from, as_bytes(octets), out);
    take(out);
  }
  void phone(const SipText& m) { say(phone_flow(), m); }
  void server(const SipText& m, unsigned n = 0) { say(server_flow(n), m); }

  /// To `by` from now, through every deadline on the way.
  void advance(Duration by) {
    const TimePoint end = now + by;
    for (TimePoint next = proxy.next_deadline(); next <= end; next = proxy.next_deadline()) {
      now = std::max(now, next);
      sip::Output out;
      proxy.on_deadline(now, out);
      take(out);
    }
    now = end;
  }

  // ---- messages ----

  /// A request of the phone "1001" for `user`. Its branch is new.
  SipText from_phone(std::string_view method, std::string_view user = "2001", unsigned last = 50) {
    const std::string ip = phone_address(last).to_string();
    SipText m = request(method, "sip:" + std::string(user) + "@pbx.example.net", ip + ":5060");
    m.add("From", "\"Phone\" <sip:1001@pbx.example.net>;tag=phonetag");
    m.add("To", "<sip:" + std::string(user) + "@pbx.example.net>");
    m.add("Call-ID", "call-" + std::to_string(++calls_) + "@phone").add("CSeq", "101 " + std::string(method));
    m.add("Contact", "<sip:1001@" + ip + ":5060>");
    return m;
  }
  /// A request of the server for a phone that registered as `contact` (our Contact's URI).
  SipText from_server(std::string_view method, const std::string& contact, unsigned n = 0) {
    const std::string ip = server_address(n).to_string();
    SipText m = request(method, contact, ip + ":5060");
    m.add("From", "\"Far\" <sip:2001@pbx.example.net>;tag=fartag");
    m.add("To", "<sip:1001@pbx.example.net>");
    m.add("Call-ID", "call-" + std::to_string(++calls_) + "@pbx").add("CSeq", "7 " + std::string(method));
    m.add("Contact", "<sip:2001@" + ip + ":5060>");
    return m;
  }
  SipText request(std::string_view method, const std::string& uri, const std::string& sent_by,
                  std::string_view transport = "UDP") {
    SipText m;
    m.first = std::string(method) + " " + uri + " SIP/2.0";
    m.add("Via", "SIP/2.0/" + std::string(transport) + " " + sent_by + ";branch=" + new_branch());
    m.add("Max-Forwards", "70");
    return m;
  }
  std::string new_branch() { return "z9hG4bKtest" + std::to_string(++branches_); }

  /// REGISTER of a phone, and the server's 200. Returns our Contact's URI at the server.
  std::string register_phone(unsigned last = 50, std::string_view user = "1001", unsigned expires = 3600) {
    const sip::Flow flow = phone_flow(last);
    say(flow, register_text(last, user, expires));
    return accept_register();
  }
  SipText register_text(unsigned last = 50, std::string_view user = "1001", unsigned expires = 3600) {
    const std::string ip = phone_address(last).to_string(), aor = std::string(user) + "@pbx.example.net";
    SipText m = request("REGISTER", "sip:pbx.example.net", ip + ":5060");
    m.add("From", "<sip:" + aor + ">;tag=reg" + std::to_string(++calls_)).add("To", "<sip:" + aor + ">");
    m.add("Call-ID", "reg-" + std::to_string(last) + std::string(user) + "@phone").add("CSeq", "101 REGISTER");
    m.add("Contact", "<sip:" + std::string(user) + "@" + ip + ":5060;transport=udp>;+sip.instance=\"" +
                         "<urn:uuid:00000000-0000-0000-0000-0011223344" + std::to_string(last % 90 + 10) +
                         ">\";+u.sip!model.ccm.cisco.com=\"435\"");
    m.add("Expires", std::to_string(expires));
    return m;
  }
  std::string accept_register() {
    const SipText got = to_central("REGISTER");
    SipText ok = sip_answer(got, 200, "regtag");
    for (const auto& contact : got.all("Contact"))
      ok.add("Contact", contact + ";expires=" + got.get("Expires"));
    server(ok);
    const std::string uri = sip_uri(got.get("Contact"));
    advance(1ms);  // the probe that asks which port it hears
    clear();
    return uri;
  }
  /// A call of the phone to the server, up: INVITE, 200, ACK. `invite` and `ok` as the server sees and sends.
  struct Up {
    SipText phone_invite;  ///< as the phone sent it
    SipText invite;        ///< as the server got it
    SipText phone_ok;      ///< as the phone got it
  };
  Up call_up(unsigned n = 0) {
    Up call;
    call.phone_invite = from_phone("INVITE").with_body("application/sdp", sip_sdp({phone_address(), 16384}));
    phone(call.phone_invite);
    call.invite = to_central("INVITE");
    server(ok_of(call.invite, "callee", n), n);
    call.phone_ok = to_phone("INVITE");
    phone(within(call.phone_invite, "ACK", call.phone_ok));
    to_central("ACK");
    clear();
    return call;
  }
  SipText ok_of(const SipText& invite, std::string_view tag, unsigned n = 0, unsigned port = 30000) {
    SipText ok = sip_answer(invite, 200, tag);
    ok.add("Contact", "<sip:2001@" + server_address(n).to_string() + ":5070;x=" + std::string(tag) + ">");
    return ok.with_body("application/sdp", sip_sdp({server_address(n), static_cast<std::uint16_t>(port)}));
  }
  /// A request of the phone in the dialog that `answer` made.
  SipText within(const SipText& invite, std::string_view method, const SipText& answer, unsigned add = 0) {
    SipText m = request(method, sip_uri(answer.get("Contact")), sip_sent_by(invite));
    m.add("From", invite.get("From")).add("To", answer.get("To")).add("Call-ID", invite.get("Call-ID"));
    m.add("CSeq", std::to_string(invite.cseq() + add) + " " + std::string(method));
    m.add("Contact", invite.get("Contact"));
    return m;
  }
  /// A request of the server in a dialog that the phone began.
  SipText back(const SipText& invite, std::string_view method, std::string_view tag, unsigned cseq, unsigned n = 0) {
    SipText m = request(method, sip_uri(invite.get("Contact")), server_address(n).to_string() + ":5060");
    m.add("From", invite.get("To") + ";tag=" + std::string(tag)).add("To", invite.get("From"));
    m.add("Call-ID", invite.get("Call-ID")).add("CSeq", std::to_string(cseq) + " " + std::string(method));
    m.add("Contact", "<sip:2001@" + server_address(n).to_string() + ":5070;x=" + std::string(tag) + ">");
    return m;
  }

  // ---- what the proxy said ----

  bool is_central(const sip::Flow& to) const { return to.local.address == central(); }
  std::vector<Sent> all(bool to_central_side, std::string_view method, int status = -1) const {
    std::vector<Sent> out;
    for (const Sent& s : sent) {
      if (is_central(s.to) == to_central_side && s.m.method() == method && (status < 0 || s.m.status() == status))
        out.push_back(s);
    }
    return out;
  }
  /// The last one of that method; -1: whatever its status.
  SipText to_central(std::string_view method, int status = -1) const { return last(true, method, status); }
  SipText to_phone(std::string_view method, int status = -1) const { return last(false, method, status); }
  std::size_t count(bool to_central_side, std::string_view method, int status = -1) const {
    return all(to_central_side, method, status).size();
  }
  /// When each was sent, in milliseconds since `since`.
  std::vector<long> times(bool to_central_side, std::string_view method, TimePoint since, int status = -1) const {
    std::vector<long> out;
    for (const Sent& s : all(to_central_side, method, status))
      out.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(s.at - since).count());
    return out;
  }
  std::size_t reported(sip::Event::Kind kind) const {
    return static_cast<std::size_t>(std::ranges::count(events, kind, &sip::Event::kind));
  }
  void clear() {
    sent.clear();
    events.clear();
  }
  void take(sip::Output& out) {
    for (auto& s : out.sends) {
      if (s.octets == "\r\n" || s.octets == "\r\n\r\n") {
        ++keepalives;
        continue;
      }
      auto m = SipText::read(s.octets);
      INFO(s.octets);
      REQUIRE(m);
      if (m->method() == "OPTIONS" && m->is_request() && m->get("From").starts_with("<sip:dropwire@")) {
        probes.push_back({s.to, std::move(*m), now});
        continue;
      }
      sent.push_back({s.to, std::move(*m), now});
    }
    for (auto& c : out.connects)
      connects.push_back(c);
    for (auto& name : out.lookups)
      lookups.push_back(name);
    for (const auto id : out.closes)
      closes.push_back(id);
    for (auto& e : out.events)
      events.push_back(std::move(e));
    for (; answered_ < probes.size(); ++answered_) {
      const Sent probe = probes[answered_];
      if (!hears || !hears(probe)) continue;
      ++answered_;
      return say(probe.to, sip_answer(probe.m, 200, "probetag"));
    }
  }

 private:
  SipText last(bool to_central_side, std::string_view method, int status) const {
    const auto found = all(to_central_side, method, status);
    INFO("wanted ", std::string(method), " ", status);
    REQUIRE(!found.empty());
    return found.back().m;
  }
  std::uint64_t random() {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    return state_ ^= state_ << 17U;
  }
  std::uint64_t state_ = 88172645463325252ULL;
  unsigned calls_ = 0, branches_ = 0;
  std::size_t answered_ = 0;
  std::size_t servers_;

 public:
  TimePoint now{std::chrono::hours(1)};
  FakeBroker broker;
  KnownSources known{1};
  sip::Proxy proxy;
  std::vector<Sent> sent;
  std::vector<Sent> probes;  ///< OPTIONS of the proxy's own
  /// Whether one of these is answered; none: none is.
  std::function<bool(const Sent&)> hears = [](const Sent&) { return true; };
  std::vector<sip::Output::Connect> connects;
  std::vector<std::string> lookups;  ///< names in SDP that the proxy asks for
  std::vector<sip::ConnectionId> closes;
  std::vector<sip::Event> events;
  std::size_t keepalives = 0;
};

/// Nothing of any call stays, once its timers have run out.
inline void check_all_over(Stand& s) {
  s.advance(5min);
  CHECK(s.proxy.parts().transactions.size() == 0);
  CHECK(s.proxy.parts().dialogs.size() == 0);
  CHECK(s.broker.streams().empty());
}

}  // namespace dw::sim
