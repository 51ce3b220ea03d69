// What those get who are no phones of ours (sip-sbc §6.2).
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;
using Kind = sip::Event::Kind;

namespace {

sip::Flow stranger(unsigned last = 66) {
  sip::Flow flow = Stand::phone_flow();
  flow.peer = {IpAddress::v4(0xC6336400U + last), 5060};
  return flow;
}
SipText from_stranger(Stand& s, std::string_view method, std::string_view user = "100") {
  SipText m = s.from_phone(method, user);
  return m.set("Via", "SIP/2.0/UDP 198.51.100.66:5060;branch=" + s.new_branch());
}

}  // namespace

TEST_CASE("sip: an unknown source's INVITE is 403, its other requests get no answer") {
  Stand s;
  s.say(stranger(), from_stranger(s, "INVITE"));
  CHECK(s.count(false, "INVITE", 403) == 1);
  for (const char* method : {"OPTIONS", "MESSAGE", "SUBSCRIBE", "NOTIFY", "BYE", "PUBLISH", "X"})
    s.say(stranger(), from_stranger(s, method));
  SipText in_dialog = from_stranger(s, "INVITE");
  s.say(stranger(), in_dialog.set("To", in_dialog.get("To") + ";tag=guess"));
  s.say(stranger(), sip_hop(from_stranger(s, "INVITE"), "CANCEL", "<sip:100@x>"));
  s.say(stranger(), sip_hop(from_stranger(s, "INVITE"), "ACK", "<sip:100@x>"));
  CHECK(s.sent.size() == 1);
  CHECK(s.proxy.parts().transactions.size() == 0);
  CHECK(s.proxy.parts().dialogs.size() == 0);
}

TEST_CASE("sip: a scanner gets nothing, is banned, and the ban ends") {
  Stand s;
  for (int i = 0; i < 9; ++i)
    s.say(stranger(), from_stranger(s, "INVITE").add("User-Agent", "friendly-scanner"));
  CHECK(s.sent.empty());
  CHECK(s.proxy.sources().guard().bans(s.now).empty());
  s.say(stranger(), from_stranger(s, "REGISTER").add("User-Agent", "friendly-scanner"));
  REQUIRE(s.proxy.sources().guard().bans(s.now).size() == 1);
  CHECK(s.reported(Kind::banned) == 1);
  // Now not even what it might do is answered.
  s.say(stranger(), from_stranger(s, "INVITE"));
  CHECK(s.sent.empty());
  s.say(stranger(67), from_stranger(s, "INVITE"));  // another address is another source
  CHECK(s.sent.size() == 1);
  s.advance(10min + 1s);
  CHECK(s.proxy.sources().guard().bans(s.now).empty());
  s.say(stranger(), from_stranger(s, "INVITE"));
  CHECK(s.sent.size() == 2);
}

TEST_CASE("sip: wrong passwords lead to a ban, a registered phone's source never does") {
  for (const bool registered : {false, true}) {
    CAPTURE(registered);
    Stand s;
    if (registered) s.register_phone();
    std::size_t banned = 0;
    for (unsigned i = 0; i < 60; ++i) {
      SipText reg = s.register_text(50, "1001").set("CSeq", std::to_string(i) + " REGISTER");
      s.phone(reg.set("Call-ID", "guess").add("Authorization", "Digest response=\"" + std::to_string(i) + "\""));
      if (s.count(true, "REGISTER") > 0) s.server(sip_answer(s.to_central("REGISTER"), 401, "r"));
      s.advance(100ms);
      banned += s.reported(Kind::banned);
      s.clear();
    }
    CHECK(banned == (registered ? 0 : 1));
    CHECK(s.proxy.sources().guard().bans(s.now).size() == (registered ? 0 : 1));
  }
}

TEST_CASE("sip: what makes no sense is no more than counted, and leads to a ban") {
  Stand s;
  for (int i = 0; i < 12; ++i)
    s.say(stranger(), std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  s.say(stranger(), std::string("\r\n\r\n"));  // a keepalive
  CHECK(s.sent.empty());
  CHECK(s.proxy.parts().counters.malformed == 10);
  CHECK(s.proxy.sources().guard().bans(s.now).size() == 1);
}

TEST_CASE("sip: an answer from another address than was asked is ignored, however right it looks") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("INVITE"));
  const SipText there = s.to_central("INVITE");
  s.say(stranger(), s.ok_of(there, "thief"));
  s.say(Stand::phone_flow(51), s.ok_of(there, "thief"));
  CHECK(s.count(false, "INVITE", 200) == 0);
  CHECK(s.proxy.parts().counters.dropped == 2);
  s.server(s.ok_of(there, "callee"));
  CHECK(s.count(false, "INVITE", 200) == 1);
}

TEST_CASE("sip: an answer to nothing, or to another method, is dropped") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("MESSAGE"));
  const SipText there = s.to_central("MESSAGE");
  s.server(sip_answer(there, 200, "x").set("CSeq", "101 INVITE"));
  SipText other = sip_answer(there, 200, "x");
  s.server(other.set("Via", "SIP/2.0/UDP 203.0.113.10;branch=z9hG4bKguess"));
  CHECK(s.count(false, "MESSAGE", 200) == 0);
  CHECK(s.count(false, "INVITE") == 0);
}

TEST_CASE("sip: a stranger who knows a call's Call-ID and tags does not disturb it") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  const auto far_end = s.broker.streams().begin()->second.far_end;
  for (const bool neighbour : {false, true}) {
    CAPTURE(neighbour);
    // A neighbour has a registered phone of its own.
    if (neighbour) s.register_phone(51, "1002");
    const sip::Flow flow = neighbour ? Stand::phone_flow(51) : stranger();
    for (const char* method : {"BYE", "INVITE", "UPDATE", "INFO", "ACK"}) {
      SipText m = s.within(call.phone_invite, method, call.phone_ok, 7);
      m.set("Contact", "<sip:thief@198.51.100.66:5060>");
      s.say(flow, m.with_body("application/sdp", sip_sdp({flow.peer.address, 9}, 9)));
      SipText other_way = s.back(call.phone_invite, method, "callee", 99);
      s.say(flow, other_way);
      CHECK(s.count(true, method) == 0);
      CHECK(s.count(false, method, 0) == 0);
    }
  }
  CHECK(s.proxy.parts().dialogs.calls() == 1);
  CHECK(s.broker.streams().begin()->second.far_end == far_end);
  CHECK(s.broker.streams().begin()->second.stated == Endpoint{Stand::phone_address(), 16384});
  s.server(s.back(call.phone_invite, "BYE", "callee", 100));
  CHECK(s.all(false, "BYE", 0).back().to.peer.address == Stand::phone_address());
}

TEST_CASE("sip: nobody cancels another one's call") {
  Stand s;
  s.register_phone();
  s.register_phone(51, "1002");
  const SipText invite = s.from_phone("INVITE");
  s.phone(invite);
  s.server(sip_answer(s.to_central("INVITE"), 180, "callee"));
  s.say(stranger(), sip_hop(invite, "CANCEL", invite.get("To")));
  s.say(Stand::phone_flow(51), sip_hop(invite, "CANCEL", invite.get("To")));
  CHECK(s.count(true, "CANCEL") == 0);
  CHECK(s.proxy.parts().dialogs.calls() == 1);
}

TEST_CASE("sip: this is no open relay: whatever the Request-URI and Route say, requests go to the server alone") {
  Stand s;
  s.register_phone();
  SipText m = s.from_phone("MESSAGE");
  m.first = "MESSAGE sip:victim@198.51.100.1:5060;maddr=198.51.100.2 SIP/2.0";
  m.add("Route", "<sip:198.51.100.3;lr>");
  s.phone(m);
  REQUIRE(s.count(true, "MESSAGE") == 1);
  CHECK(s.all(true, "MESSAGE")[0].to.peer.address == Stand::server_address());
  CHECK_FALSE(s.to_central("MESSAGE").has("Route"));
  // A phone's token is for the central side alone.
  const std::string contact = s.register_phone(51, "1002");
  SipText direct = s.from_phone("MESSAGE");
  direct.first = "MESSAGE " + contact + " SIP/2.0";
  s.phone(direct);
  CHECK(s.count(false, "MESSAGE", 0) == 0);
  CHECK(s.all(true, "MESSAGE").back().to.peer.address == Stand::server_address());
}

TEST_CASE("sip: one source has no more than max_transactions_per_source under way") {
  auto o = Stand::options();
  o.max_transactions_per_source = 20;
  Stand s(o);
  s.register_phone();
  s.advance(33s);  // its own registration is over
  for (int i = 0; i < 30; ++i)
    s.phone(s.from_phone("MESSAGE"));
  CHECK(s.count(true, "MESSAGE") == 20);
  CHECK(s.count(false, "MESSAGE", 503) == 10);
  s.register_phone(51, "1002");  // others are served
  s.advance(33s);
  CHECK(s.proxy.parts().transactions.size() == 0);
  s.phone(s.from_phone("MESSAGE"));
  CHECK(s.to_central("MESSAGE").method() == "MESSAGE");
}

TEST_CASE("sip: a flood of a source is cut to its rate") {
  Stand s;
  for (int i = 0; i < 2000; ++i)
    s.say(stranger(), from_stranger(s, "REGISTER").set("Call-ID", std::to_string(i)));
  CHECK(s.count(true, "REGISTER") <= 500);
  CHECK(s.proxy.sources().guard().limited() >= 1500);
}

TEST_CASE(
    "sip: an emergency call of a registered phone is refused for no limit, and not while we end; a stranger's is") {
  sip::ProxyOptions o = Stand::options();
  o.emergency = {"112", "911"};
  o.max_calls = 0;
  o.guard.registered_message_rate = 1;
  Stand s(o);
  s.register_phone();
  o.max_transactions_per_source = 1;  // its registration is the one
  REQUIRE(s.proxy.configure(o));
  s.proxy.drain();
  for (int i = 0; i < 100; ++i)
    s.phone(s.from_phone("OPTIONS"));  // over its rate
  for (const char* uri :
       {"sip:911@pbx.example.net", "sip:9-1-1@pbx.example.net;user=phone", "sip:112;phone-context=x@pbx.example.net",
        "tel:911", "tel:1-1-2;phone-context=x", "urn:service:sos", "urn:service:sos.fire"}) {
    CAPTURE(uri);
    SipText invite = s.from_phone("INVITE");
    invite.first = "INVITE " + std::string(uri) + " SIP/2.0";
    s.clear();
    s.phone(invite);
    CHECK(s.count(true, "INVITE") == 1);
    s.say(Stand::phone_flow(99), invite.set("Via", "SIP/2.0/UDP 192.168.1.99:5060;branch=" + s.new_branch()));
    CHECK(s.count(false, "INVITE", 403) == 1);
    CHECK(s.count(true, "INVITE") == 1);
  }
  s.clear();
  s.phone(s.from_phone("INVITE", "9112"));
  CHECK(s.count(true, "INVITE") == 0);
}

TEST_CASE("sip: a phone that was registered lately is not silenced by what others forge under its address") {
  Stand s;
  s.register_phone(50, "1001", 60);
  s.advance(2h);  // it was away
  REQUIRE(s.proxy.bindings().size() == 0);
  for (int i = 0; i < 100; ++i)
    s.phone(s.from_phone("OPTIONS"));
  CHECK(s.proxy.sources().guard().bans(s.now).empty());
  s.phone(s.register_text());
  CHECK(s.count(true, "REGISTER") == 1);
  s.advance(48h);  // nobody knows it any more
  for (int i = 0; i < 100; ++i)
    s.phone(s.from_phone("OPTIONS"));
  CHECK(s.proxy.sources().guard().bans(s.now).size() == 1);
}

TEST_CASE("sip: a ban by datagrams leaves that address its connections") {
  Stand s;
  for (int i = 0; i < 20; ++i)
    s.say(stranger(), std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  REQUIRE(s.proxy.sources().guard().bans(s.now).size() == 1);
  s.say(stranger(), from_stranger(s, "INVITE"));
  CHECK(s.sent.empty());
  sip::Flow tcp = stranger();
  tcp.transport = sip::Transport::tcp;
  tcp.connection = s.proxy.on_accepted(s.now, tcp.peer, tcp.local);
  s.say(tcp, from_stranger(s, "INVITE"));
  CHECK(s.count(false, "INVITE", 403) == 1);
}
