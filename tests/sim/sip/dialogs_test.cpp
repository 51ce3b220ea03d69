// What happens within and around dialogs, message by message: ACK, CANCEL, forks, and each method that runs
// in a call or outlives it.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

void check_all_over(Stand& s) {
  s.advance(5min);
  CHECK(s.proxy.transactions() == 0);
  CHECK(s.proxy.dialog_sets() == 0);
  CHECK(s.broker.streams().empty());
}

/// As RFC 2543 wrote it: From has no tag, and the branch does not begin as RFC 3261's do.
SipText& as_before_3261(SipText& m) {
  std::string via = m.get("Via");
  via.erase(via.find("z9hG4bK"), 7);
  return m.set("From", m.get("From").substr(0, m.get("From").find(";tag="))).set("Via", via);
}

}  // namespace

TEST_CASE("sip: identity is the same on both sides, and no address of one side is shown to the other") {
  Stand s;
  s.register_phone();
  SipText invite =
      s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
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

TEST_CASE("sip: CANCEL before any answer waits for one") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE");
  s.phone(invite);
  s.phone(sip_hop(invite, "CANCEL", invite.get("To")));
  CHECK(s.count(false, "CANCEL", 200) == 1);
  CHECK(s.count(true, "CANCEL") == 0);
  const SipText there = s.to_central("INVITE");
  s.server(sip_answer(there, 100, ""));
  REQUIRE(s.count(true, "CANCEL") == 1);
  const SipText cancel = s.to_central("CANCEL");
  CHECK(cancel.get("Via") == there.get("Via"));
  CHECK(cancel.uri() == there.uri());
  s.server(sip_answer(cancel, 200, "callee"));
  s.server(sip_answer(there, 487, "callee"));
  CHECK(s.count(false, "INVITE", 487) == 1);
  CHECK(s.count(true, "ACK") == 1);
  s.phone(sip_hop(invite, "ACK", s.to_phone("INVITE", 487).get("To")));
  check_all_over(s);
}

TEST_CASE("sip: CANCEL after a 180 goes at once, and again while nobody answers it") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE");
  s.phone(invite);
  const SipText there = s.to_central("INVITE");
  s.server(sip_answer(there, 180, "callee"));
  s.phone(sip_hop(invite, "CANCEL", invite.get("To")));
  s.phone(sip_hop(invite, "CANCEL", invite.get("To")));
  CHECK(s.count(false, "CANCEL", 200) == 2);
  CHECK(s.count(true, "CANCEL") == 1);
  s.advance(600ms);
  CHECK(s.count(true, "CANCEL") == 2);
  s.server(sip_answer(s.to_central("CANCEL"), 200, "callee"));
  s.advance(10s);
  CHECK(s.count(true, "CANCEL") == 2);
  s.server(sip_answer(there, 487, "callee"));
  s.phone(sip_hop(invite, "ACK", s.to_phone("INVITE", 487).get("To")));
  check_all_over(s);
}

TEST_CASE("sip: a callee that answers neither INVITE nor CANCEL is 487 to the caller after 32 s") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE");
  s.phone(invite);
  s.server(sip_answer(s.to_central("INVITE"), 180, "callee"));
  s.phone(sip_hop(invite, "CANCEL", invite.get("To")));
  s.advance(32s);
  CHECK(s.count(false, "INVITE", 487) == 1);
  s.phone(sip_hop(invite, "ACK", s.to_phone("INVITE", 487).get("To")));
  check_all_over(s);
}

TEST_CASE("sip: a CANCEL that comes after the 200 changes nothing") {
  Stand s;
  s.register_phone();
  const SipText invite =
      s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
  s.phone(invite);
  s.server(s.ok_of(s.to_central("INVITE"), "callee"));
  s.phone(sip_hop(invite, "CANCEL", invite.get("To")));
  CHECK(s.count(false, "CANCEL", 200) == 1);
  CHECK(s.count(true, "CANCEL") == 0);
  CHECK(s.proxy.running_calls() == 1);
  CHECK(s.broker.streams().size() == 1);
}

TEST_CASE("sip: a 200 that crosses the CANCEL reaches the caller, who hangs up") {
  Stand s;
  s.register_phone();
  const SipText invite =
      s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
  s.phone(invite);
  const SipText there = s.to_central("INVITE");
  s.server(sip_answer(there, 180, "callee"));
  s.phone(sip_hop(invite, "CANCEL", invite.get("To")));
  s.server(s.ok_of(there, "callee"));
  const SipText ok = s.to_phone("INVITE", 200);
  s.phone(s.within(invite, "ACK", ok));
  s.phone(s.within(invite, "BYE", ok, 1));
  CHECK(s.count(true, "ACK") == 1);
  s.server(sip_answer(s.to_central("BYE"), 200, ""));
  CHECK(s.count(false, "INVITE", 487) == 0);
  CHECK(s.broker.streams().empty());
  check_all_over(s);
}

TEST_CASE("sip: a CANCEL of nothing is 481") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE");
  s.phone(sip_hop(invite, "CANCEL", invite.get("To")));
  CHECK(s.count(false, "CANCEL", 481) == 1);
}

TEST_CASE("sip: the server cancels a call to a phone") {
  Stand s;
  const std::string contact = s.register_phone();
  const SipText invite = s.from_server("INVITE", contact)
                             .with_body("application/sdp", sip_sdp({Stand::server_address(), 30000}));
  s.server(invite);
  const SipText there = s.to_phone("INVITE");
  CHECK(there.uri() == "sip:1001@192.168.1.50:5060;transport=udp");
  CHECK(sip_uri(there.get("Contact")) == "sip:2001@192.168.1.2");
  CHECK(there.all("Via").front().starts_with("SIP/2.0/UDP 192.168.1.2;branch="));
  s.phone(sip_answer(there, 180, "ph"));
  s.server(sip_hop(invite, "CANCEL", invite.get("To")));
  s.phone(sip_answer(s.to_phone("CANCEL"), 200, "ph"));
  s.phone(sip_answer(there, 487, "ph"));
  CHECK(s.count(true, "INVITE", 487) == 1);
  CHECK(s.count(false, "ACK") == 1);
  s.server(sip_hop(invite, "ACK", s.to_central("INVITE", 487).get("To")));
  s.advance(40s);
  CHECK(s.broker.streams().empty());
  CHECK(s.proxy.dialog_sets() == 0);
}

TEST_CASE("sip: each early dialog of a fork has its own target, and one stream to the phone") {
  Stand s;
  s.register_phone();
  const SipText invite =
      s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
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
  const SipText invite =
      s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
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
  CHECK(s.proxy.running_calls() == 1);
}

TEST_CASE("sip: hold and resume by either side, in the new style and the old one") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  REQUIRE(s.proxy.calls(s.now).size() == 1);
  const auto media = s.broker.streams().begin()->second;
  unsigned version = 2;
  for (const bool old : {false, true}) {
    for (const bool hold : {true, false}) {
      SipText again = s.within(call.phone_invite, "INVITE", call.phone_ok, version);
      const IpAddress at = old && hold ? IpAddress::v4(0) : Stand::phone_address();
      again.with_body("application/sdp",
                      sip_sdp({at, 16384}, version, hold && !old ? "sendonly" : "sendrecv"));
      s.phone(again);
      const SipText there = s.to_central("INVITE");
      CHECK(there.uri() == "sip:2001@203.0.113.20:5070;x=callee");
      CHECK(sip_media(there.body)->address == (old && hold ? IpAddress::v4(0) : Stand::central()));
      s.server(s.ok_of(there, "callee"));
      s.phone(s.within(again, "ACK", s.to_phone("INVITE", 200)));
      CHECK(s.proxy.calls(s.now).at(0).state ==
            (hold ? sip::Call::State::on_hold : sip::Call::State::connected));
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
  CHECK(s.proxy.calls(s.now).at(0).state == sip::Call::State::on_hold);
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
  CHECK(s.proxy.running_calls() == 1);
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
  CHECK(s.proxy.running_calls() == 1);
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

TEST_CASE("sip: what comes with SDP after the call's end opens nothing that stays") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  s.phone(s.within(call.phone_invite, "BYE", call.phone_ok, 1));
  s.server(sip_answer(s.to_central("BYE"), 200, ""));
  s.phone(s.within(call.phone_invite, "INVITE", call.phone_ok, 2)
              .with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}, 3)));
  CHECK(s.to_central("INVITE").body.find("192.168.") == std::string::npos);
  s.server(sip_answer(s.to_central("INVITE"), 481, ""));
  check_all_over(s);
}

TEST_CASE("sip: a 200 that crosses timer C's CANCEL is a call, and one that comes too late opens nothing that stays") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384})));
  const SipText there = s.to_central("INVITE");
  s.server(sip_answer(there, 180, "callee"));
  s.advance(240s);
  CHECK(s.count(true, "CANCEL") == 1);
  SUBCASE("crosses") {
    s.server(s.ok_of(there, "callee"));
    CHECK(s.count(false, "INVITE", 200) == 1);
    CHECK(s.proxy.running_calls() == 1);
    return;
  }
  s.advance(32s);
  CHECK(s.count(false, "INVITE", 408) == 1);
  s.server(s.ok_of(there, "callee"));
  CHECK(s.count(false, "INVITE", 200) == 0);
  CHECK(s.told(sip::Event::Kind::call_up) == 0);
  check_all_over(s);
}

TEST_CASE("sip: a BYE without an answer ends the call after 32 s") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  s.phone(s.within(call.phone_invite, "BYE", call.phone_ok, 1));
  s.advance(33s);
  CHECK(s.broker.streams().empty());
  CHECK(s.told(sip::Event::Kind::call_over) == 1);
  check_all_over(s);
}

TEST_CASE("sip: a call is over with its BYE, whatever the answer, unless that asks for a password") {
  for (const int status : {200, 302, 400, 403, 404, 408, 481, 500, 503, 603}) {
    for (const bool by_phone : {true, false}) {
      CAPTURE(status);
      CAPTURE(by_phone);
      Stand s;
      s.register_phone();
      const auto call = s.call_up();
      if (by_phone) {
        s.phone(s.within(call.phone_invite, "BYE", call.phone_ok, 1));
        s.server(sip_answer(s.to_central("BYE"), status, ""));
      } else {
        s.server(s.back(call.invite, "BYE", "callee", 7));
        s.phone(sip_answer(s.to_phone("BYE"), status, ""));
      }
      CHECK(s.told(sip::Event::Kind::call_over) == 1);
      CHECK(s.broker.streams().empty());
      check_all_over(s);
    }
  }
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  s.phone(s.within(call.phone_invite, "BYE", call.phone_ok, 1));
  s.server(sip_answer(s.to_central("BYE"), 407, ""));
  CHECK(s.told(sip::Event::Kind::call_over) == 0);
  s.phone(s.within(call.phone_invite, "BYE", call.phone_ok, 2));
  s.server(sip_answer(s.to_central("BYE"), 200, ""));
  CHECK(s.told(sip::Event::Kind::call_over) == 1);
  check_all_over(s);
}

TEST_CASE("sip: a call whose caller has no tag, as before RFC 3261, is ended by either side") {
  for (const bool phone_calls : {true, false}) {
    for (const bool phone_ends : {true, false}) {
      CAPTURE(phone_calls);
      CAPTURE(phone_ends);
      Stand s;
      const std::string contact = s.register_phone();
      SipText invite = phone_calls ? s.from_phone("INVITE") : s.from_server("INVITE", contact);
      as_before_3261(invite);
      SipText there, ok;
      if (phone_calls) {
        s.phone(invite.with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384})));
        there = s.to_central("INVITE");
        s.server(ok = s.ok_of(there, "callee"));
      } else {
        s.server(invite.with_body("application/sdp", sip_sdp({Stand::server_address(), 30000})));
        there = s.to_phone("INVITE");
        ok = sip_answer(there, 200, "callee");
        s.phone(ok.add("Contact", "<sip:1001@192.168.1.50:5060>").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384})));
      }
      REQUIRE(s.proxy.running_calls() == 1);
      const bool by_caller = phone_calls == phone_ends;
      SipText bye = s.request("BYE", phone_ends ? "sip:2001@192.168.1.2" : contact, phone_ends ? "192.168.1.50:5060" : "203.0.113.20:5060");
      bye.add("From", by_caller ? invite.get("From") : ok.get("To")).add("To", by_caller ? ok.get("To") : invite.get("From"));
      bye.add("Call-ID", invite.get("Call-ID")).add("CSeq", "900 BYE");
      if (by_caller) as_before_3261(bye);
      phone_ends ? s.phone(bye) : s.server(bye);
      REQUIRE(s.count(phone_ends, "BYE", 0) == 1);
      CHECK(s.all(phone_ends, "BYE", 0)[0].m.uri().starts_with(phone_ends ? "sip:2001@203.0.113.20" : "sip:1001@192.168.1.50"));
      phone_ends ? s.server(sip_answer(s.to_central("BYE"), 200, "")) : s.phone(sip_answer(s.to_phone("BYE"), 200, ""));
      CHECK(s.proxy.running_calls() == 0);
      check_all_over(s);
    }
  }
}

TEST_CASE("sip: of two calls with all names alike each phone ends its own, and the server's BYEs end both") {
  Stand s;
  std::vector<SipText> invites, oks;
  for (const unsigned phone : {50U, 51U}) {
    s.register_phone(phone);
    SipText invite = s.from_phone("INVITE", "2001", phone).with_body("application/sdp", sip_sdp({Stand::phone_address(phone), 16384}));
    invite.set("Call-ID", "the-same@phone");
    s.say(Stand::phone_flow(phone), invite);
    s.server(s.ok_of(s.to_central("INVITE"), "callee"));
    oks.push_back(s.to_phone("INVITE", 200));
    invites.push_back(invite);
    s.say(Stand::phone_flow(phone), s.within(invite, "ACK", oks.back()));
  }
  REQUIRE(s.proxy.running_calls() == 2);
  s.clear();
  SUBCASE("the server's, one while the other is under way") {
    for (const unsigned cseq : {7U, 8U})
      s.server(s.back(invites.front(), "BYE", "callee", cseq));
    const auto byes = s.all(false, "BYE", 0);
    REQUIRE(byes.size() == 2);
    CHECK(byes[0].to.peer != byes[1].to.peer);
    for (const auto& bye : byes)
      s.say(bye.to, sip_answer(bye.m, 200, ""));
    CHECK(s.proxy.running_calls() == 0);
  }
  SUBCASE("the server's, where no phone answers any more") {
    for (const unsigned cseq : {7U, 8U})
      s.server(s.back(invites.front(), "BYE", "callee", cseq));
    s.advance(33s);
    CHECK(s.proxy.running_calls() == 0);
  }
  SUBCASE("the server's, one after the other") {
    for (const unsigned cseq : {7U, 8U}) {
      s.server(s.back(invites.front(), "BYE", "callee", cseq));
      const auto bye = s.all(false, "BYE", 0).back();
      s.say(bye.to, sip_answer(bye.m, 200, ""));
    }
    CHECK(s.proxy.running_calls() == 0);
  }
  SUBCASE("the phones', the second one's first") {
    for (const unsigned phone : {51U, 50U}) {
      s.say(Stand::phone_flow(phone), s.within(invites[phone - 50], "BYE", oks[phone - 50], 1));
      CHECK(s.count(false, "BYE", 481) == 0);
      s.server(sip_answer(s.to_central("BYE", 0), 200, ""));
      CHECK(s.proxy.running_calls() == phone - 50);
    }
  }
  check_all_over(s);
}

TEST_CASE("sip: SUBSCRIBE, and a NOTIFY that overtakes its 2xx") {
  Stand s;
  s.register_phone();
  SipText subscribe = s.from_phone("SUBSCRIBE").add("Event", "dialog").add("Expires", "600");
  s.phone(subscribe);
  const SipText there = s.to_central("SUBSCRIBE");
  SipText notify = s.request("NOTIFY", sip_uri(there.get("Contact")), "203.0.113.20:5060");
  notify.add("From", there.get("To") + ";tag=n")
      .add("To", there.get("From"))
      .add("Call-ID", there.get("Call-ID"));
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
  CHECK(s.proxy.dialog_sets() == 0);
}

TEST_CASE(
    "sip: MESSAGE, PUBLISH and an unknown method pass outside of dialogs, and their answers come back") {
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

TEST_CASE("sip: a call that is challenged and not asked for again is forgotten") {
  Stand s;
  s.register_phone();
  const SipText invite =
      s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
  s.phone(invite);
  s.server(sip_answer(s.to_central("INVITE"), 407, "x").add("Proxy-Authenticate", "Digest nonce=\"n\""));
  s.phone(sip_hop(invite, "ACK", s.to_phone("INVITE", 407).get("To")));
  CHECK(s.proxy.calls(s.now).empty());
  check_all_over(s);
  CHECK(s.proxy.running_calls() == 0);
}

TEST_CASE("sip: a callee that rings, and is silent from then on, is forgotten after timer C") {
  for (const bool acknowledges : {true, false}) {
    CAPTURE(acknowledges);
    Stand s;
    s.register_phone();
    const SipText invite = s.from_phone("INVITE");
    s.phone(invite);
    s.server(sip_answer(s.to_central("INVITE"), 180, "callee"));
    s.advance(240s + 32s);
    if (acknowledges) s.phone(sip_hop(invite, "ACK", s.to_phone("INVITE", 408).get("To")));
    check_all_over(s);
  }
}
