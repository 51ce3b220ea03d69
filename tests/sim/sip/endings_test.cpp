// How calls end: by BYE, by silence, by what comes too late; and that nothing of them stays.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

/// As RFC 2543 wrote it: From has no tag, and the branch does not begin as RFC 3261's do.
SipText& as_before_3261(SipText& m) {
  std::string via = m.get("Via");
  via.erase(via.find("z9hG4bK"), 7);
  return m.set("From", m.get("From").substr(0, m.get("From").find(";tag="))).set("Via", via);
}

}  // namespace

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
    CHECK(s.proxy.parts().dialogs.calls() == 1);
    return;
  }
  s.advance(32s);
  CHECK(s.count(false, "INVITE", 408) == 1);
  s.server(s.ok_of(there, "callee"));
  CHECK(s.count(false, "INVITE", 200) == 0);
  CHECK(s.reported(sip::Event::Kind::call_up) == 0);
  check_all_over(s);
}

TEST_CASE("sip: a BYE without an answer ends the call after 32 s") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  s.phone(s.within(call.phone_invite, "BYE", call.phone_ok, 1));
  s.advance(33s);
  CHECK(s.broker.streams().empty());
  CHECK(s.reported(sip::Event::Kind::call_over) == 1);
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
      CHECK(s.reported(sip::Event::Kind::call_over) == 1);
      CHECK(s.broker.streams().empty());
      check_all_over(s);
    }
  }
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  s.phone(s.within(call.phone_invite, "BYE", call.phone_ok, 1));
  s.server(sip_answer(s.to_central("BYE"), 407, ""));
  CHECK(s.reported(sip::Event::Kind::call_over) == 0);
  s.phone(s.within(call.phone_invite, "BYE", call.phone_ok, 2));
  s.server(sip_answer(s.to_central("BYE"), 200, ""));
  CHECK(s.reported(sip::Event::Kind::call_over) == 1);
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
        s.phone(ok.add("Contact", "<sip:1001@192.168.1.50:5060>")
                    .with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384})));
      }
      REQUIRE(s.proxy.parts().dialogs.calls() == 1);
      const bool by_caller = phone_calls == phone_ends;
      SipText bye = s.request("BYE", phone_ends ? "sip:2001@192.168.1.2" : contact,
                              phone_ends ? "192.168.1.50:5060" : "203.0.113.20:5060");
      bye.add("From", by_caller ? invite.get("From") : ok.get("To"))
          .add("To", by_caller ? ok.get("To") : invite.get("From"));
      bye.add("Call-ID", invite.get("Call-ID")).add("CSeq", "900 BYE");
      if (by_caller) as_before_3261(bye);
      phone_ends ? s.phone(bye) : s.server(bye);
      REQUIRE(s.count(phone_ends, "BYE", 0) == 1);
      CHECK(s.all(phone_ends, "BYE", 0)[0].m.uri().starts_with(phone_ends ? "sip:2001@203.0.113.20"
                                                                          : "sip:1001@192.168.1.50"));
      phone_ends ? s.server(sip_answer(s.to_central("BYE"), 200, "")) : s.phone(sip_answer(s.to_phone("BYE"), 200, ""));
      CHECK(s.proxy.parts().dialogs.calls() == 0);
      check_all_over(s);
    }
  }
}

TEST_CASE("sip: of two calls with all names alike each phone ends its own, and the server's BYEs end both") {
  Stand s;
  std::vector<SipText> invites, oks;
  for (const unsigned phone : {50U, 51U}) {
    s.register_phone(phone);
    SipText invite = s.from_phone("INVITE", "2001", phone)
                         .with_body("application/sdp", sip_sdp({Stand::phone_address(phone), 16384}));
    invite.set("Call-ID", "the-same@phone");
    s.say(Stand::phone_flow(phone), invite);
    s.server(s.ok_of(s.to_central("INVITE"), "callee"));
    oks.push_back(s.to_phone("INVITE", 200));
    invites.push_back(invite);
    s.say(Stand::phone_flow(phone), s.within(invite, "ACK", oks.back()));
  }
  REQUIRE(s.proxy.parts().dialogs.calls() == 2);
  s.clear();
  SUBCASE("the server's, one while the other is under way") {
    for (const unsigned cseq : {7U, 8U})
      s.server(s.back(invites.front(), "BYE", "callee", cseq));
    const auto byes = s.all(false, "BYE", 0);
    REQUIRE(byes.size() == 2);
    CHECK(byes[0].to.peer != byes[1].to.peer);
    for (const auto& bye : byes)
      s.say(bye.to, sip_answer(bye.m, 200, ""));
    CHECK(s.proxy.parts().dialogs.calls() == 0);
  }
  SUBCASE("the server's, where no phone answers any more") {
    for (const unsigned cseq : {7U, 8U})
      s.server(s.back(invites.front(), "BYE", "callee", cseq));
    s.advance(33s);
    CHECK(s.proxy.parts().dialogs.calls() == 0);
  }
  SUBCASE("the server's, one after the other") {
    for (const unsigned cseq : {7U, 8U}) {
      s.server(s.back(invites.front(), "BYE", "callee", cseq));
      const auto bye = s.all(false, "BYE", 0).back();
      s.say(bye.to, sip_answer(bye.m, 200, ""));
    }
    CHECK(s.proxy.parts().dialogs.calls() == 0);
  }
  SUBCASE("the phones', the second one's first") {
    for (const unsigned phone : {51U, 50U}) {
      s.say(Stand::phone_flow(phone), s.within(invites[phone - 50], "BYE", oks[phone - 50], 1));
      CHECK(s.count(false, "BYE", 481) == 0);
      s.server(sip_answer(s.to_central("BYE", 0), 200, ""));
      CHECK(s.proxy.parts().dialogs.calls() == phone - 50);
    }
  }
  check_all_over(s);
}

TEST_CASE("sip: of two calls with all names alike the server's BYE ends the one that was answered") {
  for (const unsigned answered : {50U, 51U}) {
    CAPTURE(answered);
    Stand s;
    std::vector<SipText> invites;
    for (const unsigned phone : {50U, 51U}) {
      s.register_phone(phone);
      SipText invite = s.from_phone("INVITE", "2001", phone)
                           .with_body("application/sdp", sip_sdp({Stand::phone_address(phone), 16384}));
      invite.set("Call-ID", "the-same@phone");
      s.say(Stand::phone_flow(phone), invite);
      const SipText there = s.to_central("INVITE");
      s.server(phone == answered ? s.ok_of(there, "callee") : sip_answer(there, 180, "callee"));
      invites.push_back(invite);
    }
    s.clear();
    s.server(s.back(invites.front(), "BYE", "callee", 7));
    const auto byes = s.all(false, "BYE", 0);
    REQUIRE(byes.size() == 1);
    CHECK(byes[0].to.peer == Stand::phone_flow(answered).peer);
  }
}

TEST_CASE("sip: a call that is challenged and not asked for again is forgotten") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
  s.phone(invite);
  s.server(sip_answer(s.to_central("INVITE"), 407, "x").add("Proxy-Authenticate", "Digest nonce=\"n\""));
  s.phone(sip_hop(invite, "ACK", s.to_phone("INVITE", 407).get("To")));
  CHECK(s.proxy.parts().calls.running(s.now).empty());
  check_all_over(s);
  CHECK(s.proxy.parts().dialogs.calls() == 0);
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
