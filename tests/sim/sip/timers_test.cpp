// The timers of RFC 3261 Table 4, RFC 4320 and RFC 6026, each seen from outside: when what is sent again, and
// when the transaction is gone.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;
using Millis = std::vector<long>;

namespace {

/// Of a server that may be silent for as long as RFC 3261 lets it.
sip::ProxyOptions patient(sip::Transport transport = sip::Transport::udp) {
  sip::ProxyOptions o = Stand::options(1, transport);
  o.answer_timeout = 60s;
  return o;
}

sip::Flow tcp_phone(Stand& s, unsigned last = 50) {
  sip::Flow flow = Stand::phone_flow(last, 49152);
  flow.transport = sip::Transport::tcp;
  flow.connection = s.proxy.on_accepted(s.now, flow.peer, flow.local);
  return flow;
}

}  // namespace

TEST_CASE("sip: timers A and B: an INVITE is sent at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s, and is 408 at 32 s") {
  Stand s(patient());
  s.register_phone();
  const TimePoint start = s.now;
  s.phone(s.from_phone("INVITE"));
  CHECK(s.count(false, "INVITE", 100) == 1);
  s.advance(31'999ms);
  CHECK(s.times(true, "INVITE", start) == Millis{0, 500, 1500, 3500, 7500, 15500, 31500});
  CHECK(s.count(false, "INVITE", 408) == 0);
  s.advance(1ms);
  CHECK(s.count(false, "INVITE", 408) == 1);
  CHECK(s.proxy.parts().dialogs.calls() == 0);
}

TEST_CASE("sip: timer A stops at a provisional answer") {
  Stand s;
  s.register_phone();
  const TimePoint start = s.now;
  s.phone(s.from_phone("INVITE"));
  s.advance(600ms);
  s.server(sip_answer(s.to_central("INVITE"), 100, ""));
  s.advance(60s);
  CHECK(s.times(true, "INVITE", start) == Millis{0, 500});
  CHECK(s.count(false, "INVITE", 100) == 1);  // ours alone: a 100 goes no further
}

TEST_CASE("sip: timer C: four minutes after the last provisional answer but 100 comes CANCEL") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("INVITE"));
  const SipText invite = s.to_central("INVITE");
  s.server(sip_answer(invite, 180, "callee"));
  s.advance(100s);
  s.server(sip_answer(invite, 180, "callee"));  // set again
  s.advance(239'999ms);
  CHECK(s.count(true, "CANCEL") == 0);
  s.advance(1ms);
  REQUIRE(s.count(true, "CANCEL") == 1);
  CHECK(sip_branch(s.to_central("CANCEL")) == sip_branch(invite));
  CHECK(s.count(false, "INVITE", 408) == 0);  // what the callee says to that is the answer (RFC 3261 §16.8)
  s.server(sip_answer(s.to_central("CANCEL"), 200, "callee"));
  s.server(sip_answer(invite, 487, "callee"));
  CHECK(s.count(true, "ACK") == 1);
  CHECK(s.count(false, "INVITE", 487) == 1);
  s.advance(5min);
  CHECK(s.proxy.parts().transactions.size() == 0);
  CHECK(s.proxy.parts().dialogs.size() == 0);
}

TEST_CASE("sip: timer C runs from the INVITE, and a 100 does not set it again") {
  Stand s(patient());
  s.register_phone();
  s.phone(s.from_phone("INVITE"));
  const SipText invite = s.to_central("INVITE");
  s.advance(20s);
  s.server(sip_answer(invite, 100, ""));
  s.advance(160s);
  s.server(sip_answer(invite, 100, ""));
  s.advance(59'999ms);
  CHECK(s.count(true, "CANCEL") == 0);
  s.advance(1ms);
  CHECK(s.count(true, "CANCEL") == 1);
}

TEST_CASE("sip: timer C leaves a call alone while there is audio, as of a queue's music") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384})));
  SipText progress = s.ok_of(s.to_central("INVITE"), "queue");
  progress.first = "SIP/2.0 183 Session Progress";
  s.server(progress);
  const MediaId music = s.broker.streams().begin()->first;
  for (int i = 0; i < 60; ++i) {
    s.advance(10s);
    s.broker.reports[music].from_central.heard = s.now;
  }
  CHECK(s.count(true, "CANCEL") == 0);
  s.advance(5min);
  CHECK(s.count(true, "CANCEL") >= 1);
}

TEST_CASE("sip: timer D: a repeated refusal is acknowledged for 32 s, and ignored after") {
  Stand s;
  s.register_phone();
  const SipText phone_invite = s.from_phone("INVITE");
  s.phone(phone_invite);
  const SipText invite = s.to_central("INVITE");
  s.server(sip_answer(invite, 486, "callee"));
  s.phone(sip_hop(phone_invite, "ACK", s.to_phone("INVITE", 486).get("To")));
  s.advance(31s);
  s.server(sip_answer(invite, 486, "callee"));
  CHECK(s.count(true, "ACK") == 2);
  s.advance(2s);
  s.server(sip_answer(invite, 486, "callee"));
  CHECK(s.count(true, "ACK") == 2);
  CHECK(s.count(false, "INVITE", 486) == 1);
  CHECK(s.proxy.parts().transactions.size() == 0);
}

TEST_CASE("sip: timers E and F: a MESSAGE is sent with gaps up to 4 s for 32 s, and nobody hears of its end") {
  Stand s(patient());
  s.register_phone();
  const TimePoint start = s.now;
  s.phone(s.from_phone("MESSAGE"));
  s.advance(40s);
  CHECK(s.times(true, "MESSAGE", start) == Millis{0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500});
  CHECK(s.count(false, "MESSAGE") == 0);  // RFC 4320
  CHECK(s.proxy.parts().transactions.size() == 0);
}

TEST_CASE("sip: timer E goes on at 4 s after a provisional answer") {
  Stand s;
  s.register_phone();
  const TimePoint start = s.now;
  s.phone(s.from_phone("MESSAGE"));
  s.server(sip_answer(s.to_central("MESSAGE"), 100, ""));
  s.advance(9s);
  CHECK(s.times(true, "MESSAGE", start) == Millis{0, 500, 4500, 8500});
}

TEST_CASE("sip: timers G and H: a refusal is sent with gaps up to 4 s until ACK, for 32 s") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("INVITE"));
  const TimePoint start = s.now;
  s.server(sip_answer(s.to_central("INVITE"), 486, "callee"));
  s.advance(31'999ms);
  CHECK(s.times(false, "INVITE", start, 486) ==
        Millis{0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500});
  s.advance(1s);
  CHECK(s.proxy.parts().transactions.size() == 0);
}

TEST_CASE("sip: timer G stops at ACK, and timer I absorbs more ACKs for 5 s") {
  Stand s;
  s.register_phone();
  const SipText phone_invite = s.from_phone("INVITE");
  s.phone(phone_invite);
  s.server(sip_answer(s.to_central("INVITE"), 486, "callee"));
  const SipText ack = sip_hop(phone_invite, "ACK", s.to_phone("INVITE", 486).get("To"));
  s.phone(ack);
  s.advance(4s);
  s.phone(ack);
  s.phone(phone_invite);  // late, and absorbed
  CHECK(s.count(false, "INVITE", 486) == 1);
  CHECK(s.count(true, "ACK") == 1);  // our own
  CHECK(s.count(true, "INVITE") == 1);
}

TEST_CASE("sip: timer J: a repeated BYE gets the same answer for 32 s") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  const SipText bye = s.within(call.phone_invite, "BYE", call.phone_ok, 1);
  s.phone(bye);
  s.server(sip_answer(s.to_central("BYE"), 200, ""));
  s.advance(31s);
  s.phone(bye);
  CHECK(s.count(true, "BYE") == 1);
  REQUIRE(s.count(false, "BYE", 200) == 2);
  CHECK(s.all(false, "BYE", 200)[0].m.str() == s.all(false, "BYE", 200)[1].m.str());
  s.advance(2min);
  CHECK(s.proxy.parts().transactions.size() == 0);
  CHECK(s.proxy.parts().dialogs.size() == 0);
}

TEST_CASE("sip: timer K: late answers are absorbed") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("MESSAGE"));
  const SipText message = s.to_central("MESSAGE");
  s.server(sip_answer(message, 200, "x"));
  s.advance(4s);
  s.server(sip_answer(message, 200, "x"));
  s.server(sip_answer(message, 500, "x"));
  CHECK(s.count(false, "MESSAGE") == 1);
}

TEST_CASE("sip: timer M: a 2xx that comes again is passed on for 32 s, and timer L absorbs the INVITE") {
  Stand s;
  s.register_phone();
  const SipText phone_invite = s.from_phone("INVITE");
  s.phone(phone_invite);
  const SipText ok = s.ok_of(s.to_central("INVITE"), "callee");
  s.server(ok);
  s.advance(10s);
  s.server(ok);
  CHECK(s.count(false, "INVITE", 200) == 2);
  s.phone(phone_invite);
  CHECK(s.count(false, "INVITE", 200) == 2);  // a 2xx is repeated by the UAS (RFC 6026 §7.1)
  CHECK(s.count(true, "INVITE") == 1);
  s.advance(25s);
  s.server(ok);
  CHECK(s.count(false, "INVITE", 200) == 2);
  CHECK(s.proxy.parts().transactions.size() == 0);
  CHECK(s.proxy.parts().dialogs.calls() == 1);
}

TEST_CASE("sip: over TCP nothing is sent again, and transactions are gone at once") {
  Stand s(patient(sip::Transport::tcp));
  const sip::Flow phone = tcp_phone(s);
  SipText reg = s.register_text();
  s.say(phone, reg);
  REQUIRE(s.connects.size() == 1);
  const sip::Flow server = s.sent.at(0).to;
  CHECK(server.transport == sip::Transport::tcp);
  s.advance(10s);
  CHECK(s.count(true, "REGISTER") == 1);
  SipText ok = sip_answer(s.to_central("REGISTER"), 200, "r");
  ok.add("Contact", s.to_central("REGISTER").get("Contact") + ";expires=60");
  s.say(server, ok);
  CHECK(s.count(false, "REGISTER", 200) == 1);
  s.advance(1ms);
  CHECK(s.proxy.parts().transactions.size() == 0);
  SipText invite = s.from_phone("INVITE");
  s.say(phone, invite);
  s.say(server, sip_answer(s.to_central("INVITE"), 486, "callee"));
  CHECK(s.count(true, "ACK") == 1);
  s.advance(10s);
  CHECK(s.count(true, "INVITE") == 1);
  CHECK(s.count(false, "INVITE", 486) == 1);
  s.say(phone, sip_hop(invite, "ACK", s.to_phone("INVITE", 486).get("To")));
  s.advance(1ms);
  CHECK(s.proxy.parts().transactions.size() == 0);
}

TEST_CASE("sip: over TCP an INVITE without an answer is 408 at 32 s all the same") {
  Stand s(patient(sip::Transport::tcp));
  const sip::Flow phone = tcp_phone(s);
  s.say(phone, s.register_text());
  const sip::Flow server = s.sent.at(0).to;
  SipText ok = sip_answer(s.to_central("REGISTER"), 200, "r");
  ok.add("Contact", s.to_central("REGISTER").get("Contact") + ";expires=3600");
  s.say(server, ok);
  s.say(phone, s.from_phone("INVITE"));
  s.advance(32s);
  CHECK(s.count(true, "INVITE") == 1);
  CHECK(s.count(false, "INVITE", 408) == 1);
}

TEST_CASE("sip: a connection behind a NAT is kept alive every 25 s, and not before the first message on it") {
  Stand s;
  const sip::Flow flow = tcp_phone(s, 60);
  SipText m = s.register_text(50);  // whose Contact is another address
  m.set("Via", "SIP/2.0/TCP " + Stand::phone_address(50).to_string() + ":5060;branch=" + s.new_branch());
  s.say(flow, m);
  s.accept_register();
  s.advance(24s);
  CHECK(s.keepalives == 0);
  s.advance(2s);
  CHECK(s.keepalives == 1);
  s.advance(25s);
  CHECK(s.keepalives == 2);
}

TEST_CASE("sip: a caller on a connection hears 100 at once, so that it may give up") {
  Stand s;
  const sip::Flow flow = tcp_phone(s);
  SipText m = s.register_text();
  m.set("Via", "SIP/2.0/TCP " + Stand::phone_address().to_string() + ":5060;branch=" + s.new_branch());
  s.say(flow, m);
  s.accept_register();
  SipText invite = s.from_phone("INVITE");
  invite.set("Via", "SIP/2.0/TCP " + Stand::phone_address().to_string() + ":5060;branch=" + s.new_branch());
  s.say(flow, invite);
  CHECK(s.count(false, "INVITE", 100) == 1);
}
