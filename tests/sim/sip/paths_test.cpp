// Which port and which connection a message goes to (sip-sbc §2.4), and how that is learned.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;
using Kind = sip::Event::Kind;

namespace {

constexpr std::uint16_t kSource = 50933;  ///< the phone sends from it, and does not listen there

IpAddress router() {
  return IpAddress::v4(0xC6336407U);
}
/// As the proxy sees a phone behind a router.
sip::Flow behind_router() {
  sip::Flow flow = Stand::phone_flow();
  flow.peer = {router(), 40001};
  return flow;
}
Endpoint answered_at(Stand& s, const sip::Flow& from, SipText m) {
  s.clear();
  s.say(from, m);
  REQUIRE(s.count(true, m.method()) > 0);
  s.server(sip_answer(s.to_central(m.method()), 401, "x"));
  const auto all = s.all(false, m.method(), 401);
  REQUIRE(all.size() == 1);
  return all[0].to.peer;
}
sip::Flow tcp(Stand& s, unsigned last = 50, std::uint16_t port = 49152) {
  sip::Flow flow = Stand::phone_flow(last, port);
  flow.transport = sip::Transport::tcp;
  flow.connection = s.proxy.on_accepted(s.now, flow.peer, flow.local);
  return flow;
}
std::string register_by_tcp(Stand& s, const sip::Flow& flow) {
  SipText reg = s.register_text();
  std::string contact = reg.get("Contact");
  contact.replace(contact.find("transport=udp"), 13, "transport=tcp");
  reg.set("Via", "SIP/2.0/TCP 192.168.1.50:" + std::to_string(flow.peer.port) + ";branch=" + s.new_branch());
  s.say(flow, reg.set("Contact", contact));
  return s.accept_register();
}
void close(Stand& s, const sip::Flow& flow) {
  sip::Output out;
  s.proxy.on_connection_closed(s.now, flow.connection, "reset", out);
  s.take(out);
}

}  // namespace

TEST_CASE("sip: response ports: no rport, same address: the Via's port, whatever the source's is") {
  Stand s;
  CHECK(answered_at(s, Stand::phone_flow(50, kSource), s.register_text()) == Endpoint{Stand::phone_address(), 5060});
  SipText m = s.register_text();
  m.set("Via", "SIP/2.0/UDP 192.168.1.50:5062;branch=" + s.new_branch());
  CHECK(answered_at(s, Stand::phone_flow(50, kSource), m).port == 5062);
  m.set("Via", "SIP/2.0/UDP 192.168.1.50;branch=" + s.new_branch());
  CHECK(answered_at(s, Stand::phone_flow(50, kSource), m).port == 5060);
}

TEST_CASE("sip: response ports: rport: the source's port, and it is filled in") {
  Stand s;
  SipText m = s.register_text();
  m.set("Via", "SIP/2.0/UDP 192.168.1.50:5060;rport;branch=" + s.new_branch());
  CHECK(answered_at(s, Stand::phone_flow(50, kSource), m).port == kSource);
  const std::string via = s.to_phone("REGISTER", 401).get("Via");
  CHECK(sip_param(via, "rport") == "50933");
  CHECK(sip_param(via, "received") == "192.168.1.50");
  m.set("Via", "SIP/2.0/UDP 192.168.1.50:5060;rport;branch=" + s.new_branch());
  CHECK(answered_at(s, behind_router(), m) == behind_router().peer);
}

TEST_CASE("sip: response ports: behind a router the source's port first") {
  Stand s;
  CHECK(answered_at(s, behind_router(), s.register_text()) == behind_router().peer);
  CHECK(sip_param(s.to_phone("REGISTER", 401).get("Via"), "received") == router().to_string());
}

TEST_CASE("sip: response ports: maddr is ignored") {
  Stand s;
  SipText m = s.register_text();
  m.set("Via", "SIP/2.0/UDP 192.168.1.50:5060;maddr=198.51.100.66;branch=" + s.new_branch());
  CHECK(answered_at(s, Stand::phone_flow(50, kSource), m) == Endpoint{Stand::phone_address(), 5060});
}

TEST_CASE("sip: a phone behind a router that does not hear us is answered at its Via's port after 3 repeats") {
  Stand s;
  const SipText reg = s.register_text();
  s.say(behind_router(), reg);
  s.server(sip_answer(s.to_central("REGISTER"), 401, "x"));
  s.say(behind_router(), reg);  // doubled on its way: no sign of anything
  for (int i = 0; i < 3; ++i) {
    s.advance(500ms);
    s.say(behind_router(), reg);
  }
  const auto answers = s.all(false, "REGISTER", 401);
  REQUIRE(answers.size() == 5);
  CHECK(answers[3].to.peer.port == 40001);
  CHECK(answers[4].to.peer == Endpoint{router(), 5060});
  CHECK(s.count(true, "REGISTER") == 1);
  CHECK(s.reported(Kind::unheard) == 1);
  // It was not that: three answers had been lost.
  const auto repeat = [&](const SipText& m) {
    for (int i = 0; i < 3; ++i) {
      s.advance(500ms);
      s.say(behind_router(), m);
    }
  };
  repeat(reg);
  CHECK(s.all(false, "REGISTER", 401).back().to.peer.port == 40001);
  repeat(reg);
  CHECK(s.reported(Kind::unheard) == 3);
  // Remembered: the next request is answered there at once.
  CHECK(answered_at(s, behind_router(), s.register_text()) == Endpoint{router(), 5060});
  // And back, if that was no good either.
  const SipText last = s.register_text();
  s.clear();
  s.say(behind_router(), last);
  s.server(sip_answer(s.to_central("REGISTER"), 401, "x"));
  repeat(last);
  CHECK(s.all(false, "REGISTER", 401).back().to.peer.port == 40001);
}

TEST_CASE("sip: on a LAN the probe and calls go to the Contact's port, not to where the phone sends from") {
  Stand s;
  s.say(Stand::phone_flow(50, kSource), s.register_text());
  const std::string contact = s.accept_register();
  REQUIRE(s.probes.size() == 1);
  CHECK(s.probes[0].to.peer.port == 5060);
  CHECK(s.probes[0].m.uri() == "sip:1001@192.168.1.50:5060;transport=udp");
  s.server(s.from_server("INVITE", contact));
  CHECK(s.all(false, "INVITE").back().to.peer == Endpoint{Stand::phone_address(), 5060});
}

TEST_CASE("sip: behind a router the probe finds which port hears") {
  for (const bool at_contact : {false, true}) {
    CAPTURE(at_contact);
    Stand s;
    const Endpoint hears{router(), static_cast<std::uint16_t>(at_contact ? 5060 : 40001)};
    s.hears = [&](const Stand::Sent& p) { return p.to.peer == hears; };
    s.say(behind_router(), s.register_text());
    const std::string contact = s.accept_register();
    s.advance(20s);
    s.server(s.from_server("MESSAGE", contact));
    CHECK(s.all(false, "MESSAGE").back().to.peer == hears);
    CHECK(s.reported(Kind::unreachable) == 0);
    // What keeps the router's mapping open goes there too, at most 25 s apart.
    const std::size_t before = s.probes.size();
    const TimePoint start = s.now;
    s.advance(200s);
    TimePoint last = start;
    for (std::size_t i = before; i < s.probes.size(); ++i) {
      const Stand::Sent& p = s.probes[i];
      CHECK(p.to.peer == hears);
      CHECK(p.at - last <= 26s);
      last = p.at;
    }
    CHECK(s.probes.size() >= before + 7);
  }
}

TEST_CASE("sip: a phone that no port reaches is reported once, and again when it answers") {
  Stand s;
  bool up = false;
  s.hears = [&](const Stand::Sent&) { return up; };
  s.say(behind_router(), s.register_text());
  s.accept_register();
  s.advance(5min);
  CHECK(s.reported(Kind::unreachable) == 1);
  up = true;
  s.advance(60s);
  CHECK(s.reported(Kind::reachable) == 1);
}

TEST_CASE("sip: a TCP phone is reached by its connection, is 480 without, and followed when it is back") {
  Stand s;
  const sip::Flow first = tcp(s);
  const std::string contact = register_by_tcp(s, first);
  s.server(s.from_server("MESSAGE", contact));
  CHECK(s.all(false, "MESSAGE").back().to == first);
  CHECK(s.to_phone("MESSAGE").get("Via").starts_with("SIP/2.0/TCP 192.168.1.2;"));
  close(s, first);
  CHECK(s.reported(Kind::phone_lost) == 1);
  CHECK(s.to_central("MESSAGE", 480).status() == 480);  // it was waiting for the phone
  s.server(s.from_server("INVITE", contact));
  CHECK(s.to_central("INVITE", 480).has("Retry-After"));
  const sip::Flow second = tcp(s, 50, 49153);
  CHECK(register_by_tcp(s, second) == contact);
  s.server(s.from_server("INVITE", contact));
  CHECK(s.all(false, "INVITE").back().to == second);
  CHECK(sip_uri(s.to_phone("INVITE").get("Contact")) == "sip:2001@192.168.1.2;transport=tcp");
}

TEST_CASE("sip: a call of a TCP phone goes on over its next connection") {
  Stand s;
  const sip::Flow first = tcp(s);
  const std::string contact = register_by_tcp(s, first);
  const SipText invite = s.from_server("INVITE", contact);
  s.server(invite);
  SipText ok = sip_answer(s.to_phone("INVITE"), 200, "p");
  s.say(first, ok.add("Contact", "<sip:1001@192.168.1.50:49152;transport=tcp>"));
  const sip::Flow second = tcp(s, 50, 49153);
  register_by_tcp(s, second);
  REQUIRE(s.closes.size() == 1);  // the one that it left
  CHECK(s.closes[0] == first.connection);
  close(s, first);
  SipText bye = s.from_server("BYE", contact);
  bye.set("Call-ID", invite.get("Call-ID")).set("To", invite.get("To") + ";tag=p");
  s.server(bye);
  CHECK(s.all(false, "BYE").back().to == second);
  s.say(second, sip_answer(s.to_phone("BYE"), 200, ""));
  CHECK(s.count(true, "BYE", 200) == 1);
}

TEST_CASE("sip: UDP phones of one TCP server have a connection each") {
  Stand s(Stand::options(1, sip::Transport::tcp));
  s.say(Stand::phone_flow(50), s.register_text(50));
  s.say(Stand::phone_flow(51), s.register_text(51, "1002"));
  s.say(Stand::phone_flow(50), s.from_phone("MESSAGE"));
  CHECK(s.connects.size() == 2);
  for (const auto& sent : s.all(true, "REGISTER")) {
    CHECK(sent.m.get("Via").starts_with("SIP/2.0/TCP 203.0.113.10;"));
    CHECK(sip_uri(sent.m.get("Contact")).find(";transport=tcp") != std::string::npos);
  }
}

TEST_CASE("sip: a connection without a registered phone is closed after a while, and others are kept") {
  Stand s;
  const sip::Flow idle = tcp(s, 60), used = tcp(s, 50);
  register_by_tcp(s, used);
  s.advance(10min);
  REQUIRE(s.closes.size() >= 1);
  for (const auto id : s.closes)
    CHECK(id == idle.connection);
}

TEST_CASE("sip: a message that is larger than a phone takes is reported") {
  Stand s;
  const std::string contact = s.register_phone();
  s.server(s.from_server("NOTIFY", contact).with_body("text/plain", std::string(3000, 'x')));
  CHECK(s.count(false, "NOTIFY") == 1);  // and sent
  CHECK(s.reported(Kind::large) == 1);
  CHECK(s.connects.empty());  // phones have no listener for it
}

TEST_CASE("sip: on a LAN answers go to the Via's port however often the request is repeated") {
  Stand s;
  const SipText reg = s.register_text();
  const sip::Flow flow = Stand::phone_flow(50, kSource);
  s.say(flow, reg);
  s.server(sip_answer(s.to_central("REGISTER"), 401, "x"));
  for (int i = 0; i < 6; ++i)
    s.say(flow, reg);
  for (const auto& answer : s.all(false, "REGISTER", 401))
    CHECK(answer.to.peer.port == 5060);
  CHECK(s.count(false, "REGISTER", 401) == 7);
}

TEST_CASE("sip: one lost probe does not send calls to a port where nobody listens") {
  Stand s;
  bool hears = true;
  s.hears = [&](const Stand::Sent& p) { return hears && p.to.peer.port == 5060; };
  s.say(Stand::phone_flow(50, kSource), s.register_text());
  const std::string contact = s.accept_register();
  s.advance(1s);
  hears = false;
  s.advance(5min + 4s);  // a probe, three times into the void
  hears = true;
  s.server(s.from_server("INVITE", contact));
  CHECK(s.all(false, "INVITE").back().to.peer.port == 5060);
}

TEST_CASE("sip: what is answered to a connection that is gone ends its transaction, and binds nothing") {
  Stand s;
  const sip::Flow first = tcp(s);
  const std::string contact = register_by_tcp(s, first);
  SipText again = s.register_text().set("CSeq", "102 REGISTER");
  s.say(first, again.set("Via", "SIP/2.0/TCP 192.168.1.50:49152;branch=" + s.new_branch()));
  const SipText late = s.to_central("REGISTER");
  s.say(first, s.from_phone("MESSAGE"));
  s.say(first, s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384})));
  close(s, first);
  const sip::Flow second = tcp(s, 50, 49153);
  s.server(sip_answer(s.to_central("MESSAGE"), 200, "x"));
  s.server(sip_answer(s.to_central("INVITE"), 486, "x"));
  CHECK(register_by_tcp(s, second) == contact);
  SipText ok = sip_answer(late, 200, "r");
  s.server(ok.add("Contact", late.get("Contact") + ";expires=3600"));
  CHECK(s.closes.empty());
  s.server(s.from_server("MESSAGE", contact));
  CHECK(s.all(false, "MESSAGE").back().to == second);
  s.say(second, sip_answer(s.to_phone("MESSAGE"), 200, "p"));
  s.advance(5min);
  CHECK(s.proxy.parts().transactions.size() == 0);
  CHECK(s.proxy.parts().dialogs.size() == 0);
  CHECK(s.broker.streams().empty());
}

TEST_CASE("sip: a connection that somebody opens and closes is no fault where no server is configured") {
  Stand s(Stand::options(0));
  const Endpoint peer{IpAddress::v4(0xc6336407), 40000}, local{IpAddress::v4(0xc0a80102), 5060};
  const auto connection = s.proxy.on_accepted(s.now, peer, local);
  sip::Output out;
  s.proxy.on_connection_closed(s.now, connection, "reset", out);
  CHECK(out.sends.empty());
  CHECK(out.events.empty());
}

TEST_CASE("sip: the server's BYE ends the call of a phone whose connection is gone") {
  Stand s;
  const sip::Flow phone = tcp(s);
  register_by_tcp(s, phone);
  SipText invite = s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
  invite.set("Via", "SIP/2.0/TCP 192.168.1.50:" + std::to_string(phone.peer.port) + ";branch=" + s.new_branch());
  s.say(phone, invite);
  const SipText there = s.to_central("INVITE");
  s.server(s.ok_of(there, "callee"));
  s.say(phone, s.within(invite, "ACK", s.to_phone("INVITE", 200)));
  REQUIRE(s.proxy.parts().dialogs.calls() == 1);
  close(s, phone);
  s.server(s.back(there, "BYE", "callee", 7));
  CHECK(s.count(true, "BYE", 480) == 1);
  CHECK(s.proxy.parts().dialogs.calls() == 0);
  CHECK(s.broker.streams().empty());
  s.advance(1min);
  CHECK(s.proxy.parts().dialogs.size() == 0);
}
