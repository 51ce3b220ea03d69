// What happens within and around dialogs, message by message: ACK, CANCEL, forks, and each method that runs
// in a call or outlives it.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

TEST_CASE("sip: identity is the same on both sides, and no address of one side is shown to the other") {
  Stand s;
  s.register_phone();
  SipText invite = s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
  s.phone(invite);
  SipText there = s.to_central("INVITE");
  for (const char* name : {"From", "To", "Call-ID", "CSeq"})
    CHECK(there.get(name) == invite.get(name));
  CHECK(there.get("Max-Forwards") == "69");
  CHECK(sip_host(sip_uri(there.get("Contact"))) == "203.0.113.10");
  CHECK(sip_user(sip_uri(there.get("Contact"))) == "1001");
  CHECK(sip_media(there.body)->address == Stand::central());
  CHECK(there.body.find("192.168.") == std::string::npos);
  SipText ok = s.ok_of(there, "callee");
  ok.add("Record-Route", "<sip:198.51.100.7;lr>");
  s.server(ok);
  const SipText here = s.to_phone("INVITE", 200);
  CHECK(here.get("To") == ok.get("To"));
  CHECK(here.get("Via") == invite.get("Via"));
  CHECK(here.all("Via").size() == 1);
  CHECK_FALSE(here.has("Record-Route"));
  CHECK(sip_uri(here.get("Contact")) == "sip:2001@192.168.1.2");
  CHECK(sip_media(here.body)->address == Stand::access());
  CHECK(here.str().find("203.0.113") == std::string::npos);
}

TEST_CASE("sip: the ACK of a 2xx goes to the callee's Contact by its route set") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE");
  s.phone(invite);
  SipText ok = s.ok_of(s.to_central("INVITE"), "callee");
  ok.add("Record-Route", "<sip:198.51.100.7;lr>").add("Record-Route", "<sip:198.51.100.8;lr>");
  s.server(ok);
  const SipText ack = s.within(invite, "ACK", s.to_phone("INVITE", 200));
  s.phone(ack);
  s.phone(ack);  // its 2xx had come again
  REQUIRE(s.count(true, "ACK") == 2);
  const SipText there = s.to_central("ACK");
  CHECK(there.uri() == "sip:2001@203.0.113.20:5070;x=callee");
  CHECK(there.all("Route") == std::vector<std::string>{"<sip:198.51.100.8;lr>", "<sip:198.51.100.7;lr>"});
  CHECK(there.cseq() == 101);
}

TEST_CASE("sip: the ACK of a refusal ends here, also without a To tag") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE");
  s.phone(invite);
  s.server(sip_answer(s.to_central("INVITE"), 404, "callee"));
  CHECK(s.count(true, "ACK") == 1);
  CHECK(sip_tag(s.to_central("ACK").get("To")) == "callee");
  s.phone(sip_hop(invite, "ACK", invite.get("To")));
  s.advance(1s);
  CHECK(s.count(false, "INVITE", 404) == 1);
  CHECK(s.count(true, "ACK") == 1);
  check_all_over(s);
}

TEST_CASE("sip: each early dialog of a fork has its own target, and one stream to the phone") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
  s.phone(invite);
  const SipText there = s.to_central("INVITE");
  for (const char* tag : {"a", "b"}) {
    SipText progress = s.ok_of(there, tag, 0, tag[0] == 'a' ? 30000 : 30002);
    progress.first = "SIP/2.0 183 Session Progress";
    progress.add("Require", "100rel").add("RSeq", "1");
    s.server(progress);
  }
  REQUIRE(s.count(false, "INVITE", 183) == 2);
  CHECK(s.broker.streams().size() == 1);
  CHECK(s.broker.streams().begin()->second.far_end->port == 30002);
  const auto both = s.all(false, "INVITE", 183);
  for (const auto& one : both) {
    SipText prack = s.within(invite, "PRACK", one.m, 1);
    prack.add("RAck", "1 101 INVITE");
    s.phone(prack);
    CHECK(s.to_central("PRACK").uri() == "sip:2001@203.0.113.20:5070;x=" + sip_tag(one.m.get("To")));
    CHECK(s.to_central("PRACK").get("RAck") == "1 101 INVITE");
    s.server(sip_answer(s.to_central("PRACK"), 200, ""));
  }
  CHECK(s.count(false, "PRACK", 200) == 2);
}

TEST_CASE("sip: two 2xx reach the caller, and what the second says does not disturb the first one's audio") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
  s.phone(invite);
  const SipText there = s.to_central("INVITE");
  s.server(s.ok_of(there, "a", 0, 30000));
  s.phone(s.within(invite, "ACK", s.to_phone("INVITE", 200)));
  s.server(s.ok_of(there, "b", 0, 30002));
  REQUIRE(s.count(false, "INVITE", 200) == 2);
  const SipText second = s.to_phone("INVITE", 200);
  CHECK(sip_tag(second.get("To")) == "b");
  CHECK(s.broker.streams().begin()->second.far_end->port == 30000);
  s.phone(s.within(invite, "ACK", second));
  CHECK(s.to_central("ACK").uri() == "sip:2001@203.0.113.20:5070;x=b");
  s.phone(s.within(invite, "BYE", second, 1));  // the caller ends the one that it does not want
  s.server(sip_answer(s.to_central("BYE"), 200, ""));
  CHECK(s.broker.streams().size() == 1);
  CHECK(s.proxy.parts().dialogs.calls() == 1);
}

TEST_CASE("sip: hold and resume by either side, in the new style and the old one") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  REQUIRE(s.proxy.parts().calls.running(s.now).size() == 1);
  const auto media = s.broker.streams().begin()->second;
  unsigned version = 2;
  for (const bool old : {false, true}) {
    for (const bool hold : {true, false}) {
      SipText again = s.within(call.phone_invite, "INVITE", call.phone_ok, version);
      const IpAddress at = old && hold ? IpAddress::v4(0) : Stand::phone_address();
      again.with_body("application/sdp", sip_sdp({at, 16384}, version, hold && !old ? "sendonly" : "sendrecv"));
      s.phone(again);
      const SipText there = s.to_central("INVITE");
      CHECK(there.uri() == "sip:2001@203.0.113.20:5070;x=callee");
      CHECK(sip_media(there.body)->address == (old && hold ? IpAddress::v4(0) : Stand::central()));
      s.server(s.ok_of(there, "callee"));
      s.phone(s.within(again, "ACK", s.to_phone("INVITE", 200)));
      CHECK(s.proxy.parts().calls.running(s.now).at(0).state == (hold ? "on hold" : "connected"));
      ++version;
    }
  }
  REQUIRE(s.broker.streams().size() == 1);
  CHECK(s.broker.streams().begin()->second.ports.central_facing == media.ports.central_facing);
  s.server(s.back(call.phone_invite, "INVITE", "callee", 50)
               .with_body("application/sdp", sip_sdp({Stand::server_address(), 30000}, 9, "inactive")));
  const SipText at_phone = s.to_phone("INVITE");
  CHECK(at_phone.uri() == sip_uri(call.phone_invite.get("Contact")));
  SipText ok = sip_answer(at_phone, 200, "");
  ok.add("Contact", "<sip:1001@192.168.1.50:5060>");
  s.phone(ok.with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}, 9, "inactive")));
  CHECK(s.proxy.parts().calls.running(s.now).at(0).state == "on hold");
}

TEST_CASE("sip: a re-INVITE that is refused leaves the audio where it was") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  s.server(s.back(call.phone_invite, "INVITE", "callee", 50)
               .with_body("application/sdp", sip_sdp({Stand::server_address(), 40000}, 2)));
  CHECK(s.broker.streams().begin()->second.far_end->port == 40000);
  s.phone(sip_answer(s.to_phone("INVITE"), 488, ""));
  CHECK(s.broker.streams().begin()->second.far_end->port == 30000);
  CHECK(s.count(true, "INVITE", 488) == 1);
  CHECK(s.proxy.parts().dialogs.calls() == 1);
}

TEST_CASE("sip: a re-INVITE that times out or is cancelled leaves the audio where it was") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  SUBCASE("timer B") {
    s.server(s.back(call.phone_invite, "INVITE", "callee", 50)
                 .with_body("application/sdp", sip_sdp({Stand::server_address(), 40000}, 2)));
    s.advance(32s);
    CHECK(s.count(true, "INVITE", 408) == 1);
  }
  SUBCASE("timer C") {
    s.server(s.back(call.phone_invite, "INVITE", "callee", 50)
                 .with_body("application/sdp", sip_sdp({Stand::server_address(), 40000}, 2)));
    s.phone(sip_answer(s.to_phone("INVITE"), 180, ""));
    s.advance(240s);
    s.phone(sip_answer(s.to_phone("INVITE"), 487, ""));
    CHECK(s.count(true, "INVITE", 487) == 1);
  }
  CHECK(s.proxy.parts().dialogs.calls() == 1);
  CHECK(s.broker.streams().begin()->second.far_end->port == 30000);
}

TEST_CASE("sip: INFO, UPDATE and other methods run in the dialog, both ways") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  unsigned n = 1;
  for (const char* method : {"INFO", "UPDATE", "MESSAGE", "OPTIONS", "NOTIFY", "X-CISCO"}) {
    INFO(method);
    s.phone(s.within(call.phone_invite, method, call.phone_ok, n));
    CHECK(s.to_central(method).uri() == "sip:2001@203.0.113.20:5070;x=callee");
    s.server(sip_answer(s.to_central(method), 200, ""));
    CHECK(s.count(false, method, 200) == 1);
    s.server(s.back(call.phone_invite, method, "callee", n));
    CHECK(s.to_phone(method, 0).uri() == sip_uri(call.phone_invite.get("Contact")));
    s.phone(sip_answer(s.to_phone(method, 0), 200, ""));
    CHECK(s.count(true, method, 200) == 1);
    ++n;
  }
  // A target refresh: UPDATE says where the far end is from now on.
  SipText update = s.back(call.phone_invite, "UPDATE", "callee", 90);
  s.server(update.set("Contact", "<sip:2001@203.0.113.20:5099>"));
  s.phone(sip_answer(s.to_phone("UPDATE", 0), 200, ""));
  s.phone(s.within(call.phone_invite, "BYE", call.phone_ok, n));
  CHECK(s.to_central("BYE").uri() == "sip:2001@203.0.113.20:5099");
}

TEST_CASE("sip: an answer to NOTIFY moves no target, as no server mends the Contact in it") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  s.phone(s.within(call.phone_invite, "NOTIFY", call.phone_ok, 1).add("Event", "refer"));
  const SipText first = s.to_central("NOTIFY");
  s.server(sip_answer(first, 200, "").add("Contact", "<sip:2001@10.9.9.9>"));
  s.phone(s.within(call.phone_invite, "NOTIFY", call.phone_ok, 2).add("Event", "refer"));
  CHECK(s.to_central("NOTIFY").uri() == first.uri());
}

TEST_CASE("sip: the NOTIFYs of a REFER still come after BYE") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  SipText refer = s.within(call.phone_invite, "REFER", call.phone_ok, 1);
  refer.add("Refer-To", "<sip:3001@pbx.example.net?Replaces=x%3Bto-tag%3Dy>");
  s.phone(refer);
  CHECK(s.to_central("REFER").get("Refer-To") == refer.get("Refer-To"));
  s.server(sip_answer(s.to_central("REFER"), 202, ""));
  s.phone(s.within(call.phone_invite, "BYE", call.phone_ok, 2));
  s.server(sip_answer(s.to_central("BYE"), 200, ""));
  CHECK(s.broker.streams().empty());
  s.advance(60s);
  s.server(s.back(call.phone_invite, "NOTIFY", "callee", 60).add("Event", "refer"));
  s.phone(sip_answer(s.to_phone("NOTIFY", 0), 200, ""));
  CHECK(s.count(true, "NOTIFY", 200) == 1);
  check_all_over(s);
}

TEST_CASE("sip: SUBSCRIBE, and a NOTIFY that overtakes its 2xx") {
  Stand s;
  s.register_phone();
  SipText subscribe = s.from_phone("SUBSCRIBE").add("Event", "dialog").add("Expires", "600");
  s.phone(subscribe);
  const SipText there = s.to_central("SUBSCRIBE");
  SipText notify = s.request("NOTIFY", sip_uri(there.get("Contact")), "203.0.113.20:5060");
  notify.add("From", there.get("To") + ";tag=n").add("To", there.get("From")).add("Call-ID", there.get("Call-ID"));
  notify.add("CSeq", "1 NOTIFY").add("Contact", "<sip:2001@203.0.113.20:5070>").add("Event", "dialog");
  s.server(notify);
  CHECK(s.to_phone("NOTIFY").uri() == sip_uri(subscribe.get("Contact")));
  s.phone(sip_answer(s.to_phone("NOTIFY"), 200, ""));
  CHECK(s.count(true, "NOTIFY", 200) == 1);
  SipText ok = sip_answer(there, 202, "n");
  s.server(ok.add("Expires", "600").add("Contact", "<sip:2001@203.0.113.20:5070>"));
  const SipText at_phone = s.to_phone("SUBSCRIBE", 202);
  s.advance(500s);
  SipText refresh = s.within(subscribe, "SUBSCRIBE", at_phone, 1);
  s.phone(refresh.add("Event", "dialog").add("Expires", "600"));
  CHECK(s.to_central("SUBSCRIBE").uri() == "sip:2001@203.0.113.20:5070");
  SipText again = sip_answer(s.to_central("SUBSCRIBE"), 200, "");
  s.server(again.add("Expires", "600").add("Contact", "<sip:2001@203.0.113.20:5070>"));
  s.advance(500s);
  notify.set("CSeq", "2 NOTIFY").set("Via", "SIP/2.0/UDP 203.0.113.20:5060;branch=" + s.new_branch());
  s.server(notify);
  s.phone(sip_answer(s.to_phone("NOTIFY"), 200, ""));
  CHECK(s.count(true, "NOTIFY", 200) == 2);
  s.advance(20min);
  CHECK(s.proxy.parts().dialogs.size() == 0);
}

TEST_CASE("sip: MESSAGE, PUBLISH and an unknown method pass outside of dialogs, and their answers come back") {
  Stand s;
  s.register_phone();
  for (const char* method : {"MESSAGE", "PUBLISH", "BENOTIFY"}) {
    SipText m = s.from_phone(method).with_body("text/plain", "a 192.168.1.50 stays");
    s.phone(m);
    CHECK(s.to_central(method).body == m.body);
    CHECK(s.to_central(method).uri() == m.uri());
    s.server(sip_answer(s.to_central(method), 202, "x"));
    CHECK(s.count(false, method, 202) == 1);
  }
  check_all_over(s);
}

TEST_CASE("sip: OPTIONS to us is answered here, and one to a phone goes there; a NOTIFY of no dialog too") {
  Stand s;
  const std::string contact = s.register_phone();
  s.server(s.from_server("OPTIONS", "sip:203.0.113.10:5060"));
  CHECK(s.count(true, "OPTIONS", 200) == 1);
  CHECK(s.to_central("OPTIONS", 200).has("Allow"));
  s.phone(s.from_phone("OPTIONS").set("To", "<sip:192.168.1.2>"));  // its Request-URI names a user
  CHECK(s.count(true, "OPTIONS", 0) == 1);
  for (const char* method : {"OPTIONS", "NOTIFY"}) {
    s.server(s.from_server(method, contact));
    CHECK(s.to_phone(method, 0).uri() == "sip:1001@192.168.1.50:5060;transport=udp");
    s.phone(sip_answer(s.to_phone(method, 0), 200, "p"));
    CHECK(s.to_central(method, 200).all("Via").size() == 1);
  }
}
