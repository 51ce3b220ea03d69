// What happens within and around dialogs, message by message: ACK, CANCEL, forks, and each method that runs
// in a call or outlives it.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

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
  const SipText invite = s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
  s.phone(invite);
  s.server(s.ok_of(s.to_central("INVITE"), "callee"));
  s.phone(sip_hop(invite, "CANCEL", invite.get("To")));
  CHECK(s.count(false, "CANCEL", 200) == 1);
  CHECK(s.count(true, "CANCEL") == 0);
  CHECK(s.proxy.parts().dialogs.calls() == 1);
  CHECK(s.broker.streams().size() == 1);
}

TEST_CASE("sip: a 200 that crosses the CANCEL reaches the caller, who hangs up") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
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
  const SipText invite =
      s.from_server("INVITE", contact).with_body("application/sdp", sip_sdp({Stand::server_address(), 30000}));
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
  CHECK(s.proxy.parts().dialogs.size() == 0);
}
