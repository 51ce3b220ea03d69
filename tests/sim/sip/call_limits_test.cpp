// Calls at once and attempts a minute, of a line and of an address: what is refused, and what never is.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

sip::ProxyOptions limited(CallLimits::Options limits) {
  auto o = Stand::options();
  o.call_limits = limits;
  o.emergency = {"911"};
  return o;
}

}  // namespace

TEST_CASE("sip limits: a line's calls at once: one too many is 503 with a time to come back, until one has ended") {
  Stand s(limited({.calls_per_phone = 1}));
  s.register_phone();
  const Stand::Up call = s.call_up();
  s.phone(s.from_phone("INVITE"));
  CHECK(s.to_phone("INVITE", 503).get("Retry-After") == "30");
  CHECK(s.count(true, "INVITE") == 0);
  REQUIRE(s.reported(sip::Event::Kind::call_refused) == 1);
  CHECK(s.events.back().text == "access.sip.calls_per_phone");
  CHECK(s.events.back().aor == "1001");
  CHECK(s.proxy.parts().calls.refused() == 1);
  s.phone(s.within(call.phone_invite, "INVITE", call.phone_ok, 1));  // within the call that is up
  CHECK(s.count(true, "INVITE") == 1);
  s.phone(s.within(call.phone_invite, "BYE", call.phone_ok, 2));
  s.server(sip_answer(s.to_central("BYE"), 200, ""));
  s.clear();
  s.phone(s.from_phone("INVITE"));
  CHECK(s.count(true, "INVITE") == 1);
}

TEST_CASE("sip limits: calls for help are never refused, and calls to the phone are not its own") {
  Stand s(limited({.calls_per_phone = 1, .calls_per_source = 1, .attempts_per_phone = 1, .attempts_per_source = 1}));
  const std::string contact = s.register_phone();
  s.call_up();
  s.phone(s.from_phone("INVITE", "911"));
  CHECK(s.count(true, "INVITE") == 1);
  CHECK(s.count(false, "INVITE", 503) == 0);
  s.server(s.from_server("INVITE", contact));
  CHECK(s.all(false, "INVITE").back().m.is_request());
}

TEST_CASE("sip limits: attempts a minute; a call that is challenged and comes again is one") {
  Stand s(limited({.attempts_per_phone = 2}));
  s.register_phone();
  for (int i = 0; i < 2; ++i) {
    SipText invite = s.from_phone("INVITE");
    s.phone(invite);
    SipText challenge = sip_answer(s.to_central("INVITE"), 401, "c");
    s.server(challenge.add("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\""));
    s.phone(sip_hop(invite, "ACK", s.to_phone("INVITE", 401).get("To")));
    invite.set("Via", "SIP/2.0/UDP " + Stand::phone_address().to_string() + ":5060;branch=" + s.new_branch());
    invite.set("CSeq", "102 INVITE");
    const std::size_t before = s.count(true, "INVITE");
    s.phone(invite);
    CHECK(s.count(true, "INVITE") == before + 1);
    s.server(sip_answer(s.to_central("INVITE"), 486, "b"));
  }
  s.phone(s.from_phone("INVITE"));
  CHECK(s.count(false, "INVITE", 503) == 1);
  s.advance(31s);
  s.clear();
  s.phone(s.from_phone("INVITE"));
  CHECK(s.count(true, "INVITE") == 1);
}

TEST_CASE("sip limits: without them a line calls as often as it likes") {
  Stand s;
  s.register_phone();
  for (int i = 0; i < 100; ++i)
    s.phone(s.from_phone("INVITE"));
  CHECK(s.count(true, "INVITE") == 100);
}
