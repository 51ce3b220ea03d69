// Where a dialog's requests go: route sets, and the many dialogs that one request may begin; and what a CANCEL
// says.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;
using Lines = std::vector<std::string>;

namespace {

const std::string kProxy = "<sip:198.51.100.7;lr;ftag=x>", kOther = "<sip:198.51.100.8;lr>";

/// An answer with a Contact, and a Record-Route where there is one.
SipText answer(const SipText& request, int status, std::string_view tag, const std::string& recorded = {}) {
  SipText m = sip_answer(request, status, tag);
  m.add("Contact", "<sip:2001@203.0.113.20:5070;x=" + std::string(tag) + ">");
  if (!recorded.empty()) m.add("Record-Route", recorded);
  return m;
}

}  // namespace

TEST_CASE("sip: the route set of a subscription stays through its refreshes, whatever their answers record") {
  Stand s;
  s.register_phone();
  SipText subscribe = s.from_phone("SUBSCRIBE").add("Event", "dialog").add("Expires", "60");
  std::string again;
  SUBCASE("nothing") {}
  SUBCASE("others") {
    again = kOther;
  }
  s.phone(subscribe);
  s.server(answer(s.to_central("SUBSCRIBE"), 200, "n", kProxy).add("Expires", "60"));
  const SipText ok = s.to_phone("SUBSCRIBE", 200);
  for (unsigned n = 1; n < 4; ++n) {
    s.phone(s.within(subscribe, "SUBSCRIBE", ok, n).add("Event", "dialog").add("Expires", "60"));
    const SipText refresh = s.to_central("SUBSCRIBE");
    CHECK(refresh.all("Route") == Lines{kProxy});
    CHECK(refresh.uri() == "sip:2001@203.0.113.20:5070;x=" + (n == 1 ? "n" : "moved" + std::to_string(n - 1)));
    SipText moved = answer(refresh, 200, "moved" + std::to_string(n), again).add("Expires", "60");
    s.server(moved.set("To", refresh.get("To")));
  }
}

TEST_CASE("sip: a NOTIFY that makes the dialog says its route set, and a 2xx only where the NOTIFY has none") {
  for (const char* method : {"SUBSCRIBE", "REFER"}) {
    for (const bool recorded : {true, false}) {
      INFO(method, " ", recorded);
      Stand s;
      s.register_phone();
      SipText subscribe = s.from_phone(method).add("Event", "dialog").add("Expires", "60");
      s.phone(subscribe);
      const SipText there = s.to_central(method);
      SipText notify = s.back(subscribe, "NOTIFY", "n", 1).add("Event", "dialog");
      if (recorded) notify.add("Record-Route", kProxy).add("Record-Route", kOther);
      s.server(notify);
      s.phone(sip_answer(s.to_phone("NOTIFY", 0), 200, ""));
      s.server(answer(there, 202, "n", "<sip:198.51.100.9;lr>").add("Expires", "60"));
      const SipText ok = s.to_phone(method, 202);
      s.phone(s.within(subscribe, "SUBSCRIBE", ok, 1));
      CHECK(s.to_central("SUBSCRIBE").all("Route") ==
            (recorded ? Lines{kProxy, kOther} : Lines{"<sip:198.51.100.9;lr>"}));
    }
  }
}

TEST_CASE("sip: an early UPDATE and a re-INVITE leave the route set, and the 2xx to the INVITE says it for good") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE");
  s.phone(invite);
  const SipText there = s.to_central("INVITE");
  s.server(answer(there, 183, "a", kProxy));
  const SipText progress = s.to_phone("INVITE", 183);
  s.server(answer(there, 180, "a"));  // of the same dialog, and changes nothing
  for (unsigned n = 1; n < 3; ++n) {
    s.phone(s.within(invite, "UPDATE", progress, n));
    CHECK(s.to_central("UPDATE").all("Route") == Lines{kProxy});
    s.server(answer(s.to_central("UPDATE"), 200, "a").set("To", s.to_central("UPDATE").get("To")));
  }
  s.server(answer(there, 200, "a", kOther));
  const SipText ok = s.to_phone("INVITE", 200);
  s.phone(s.within(invite, "ACK", ok));
  CHECK(s.to_central("ACK").all("Route") == Lines{kOther});
  s.phone(s.within(invite, "INVITE", ok, 3));
  CHECK(s.to_central("INVITE").all("Route") == Lines{kOther});
  s.server(answer(s.to_central("INVITE"), 200, "a").set("To", s.to_central("INVITE").get("To")));
  s.phone(s.within(invite, "BYE", ok, 4));
  CHECK(s.to_central("BYE").all("Route") == Lines{kOther});
}

TEST_CASE("sip: a phone's own proxy stays in the route toward it, too") {
  Stand s;
  const std::string contact = s.register_phone();
  const SipText invite = s.from_server("INVITE", contact);
  s.server(invite);
  SipText ok = sip_answer(s.to_phone("INVITE"), 200, "p");
  s.phone(ok.add("Contact", "<sip:1001@192.168.1.50:5060>").add("Record-Route", "<sip:192.168.1.9;lr>"));
  const SipText there = s.to_central("INVITE", 200);
  s.server(s.within(invite, "UPDATE", there, 1));
  CHECK(s.to_phone("UPDATE", 0).all("Route") == Lines{"<sip:192.168.1.9;lr>"});
  s.phone(sip_answer(s.to_phone("UPDATE", 0), 200, "").add("Contact", "<sip:1001@192.168.1.50:5061>"));
  s.server(s.within(invite, "BYE", there, 2));
  CHECK(s.to_phone("BYE").all("Route") == Lines{"<sip:192.168.1.9;lr>"});
  CHECK(s.to_phone("BYE").uri() == "sip:1001@192.168.1.50:5061");
}

TEST_CASE("sip: whoever of a large group answers has a dialog, and may be one that had to make room") {
  for (const unsigned who : {0U, 12U, 199U}) {
    CAPTURE(who);
    Stand s;
    s.register_phone();
    const SipText invite = s.from_phone("INVITE");
    s.phone(invite);
    const SipText there = s.to_central("INVITE");
    for (unsigned i = 0; i < 200; ++i)
      s.server(answer(there, 180, "g" + std::to_string(i)));
    const std::string tag = "g" + std::to_string(who);
    s.server(answer(there, 200, tag));
    const SipText ok = s.to_phone("INVITE", 200);
    s.phone(s.within(invite, "ACK", ok));
    CHECK(s.to_central("ACK").uri() == "sip:2001@203.0.113.20:5070;x=" + tag);
    for (unsigned i = 0; i < 100; ++i)  // others that answer all the same
      s.server(answer(there, 200, "late" + std::to_string(i)));
    s.phone(s.within(invite, "ACK", s.to_phone("INVITE", 200)));
    CHECK(s.to_central("ACK").uri() == "sip:2001@203.0.113.20:5070;x=late99");
    s.phone(s.within(invite, "BYE", ok, 1));
    CHECK(s.to_central("BYE").uri() == "sip:2001@203.0.113.20:5070;x=" + tag);
  }
}

TEST_CASE("sip: what a CANCEL says goes on with it, but for what is each hop's own") {
  const Lines reasons = {"SIP;cause=200;text=\"Call completed elsewhere\"", "Q.850;cause=26"};
  bool early = false;
  SUBCASE("before any answer") {
    early = true;
  }
  SUBCASE("while it rings") {}
  Stand s;
  const std::string contact = s.register_phone();
  SipText invite = s.from_server("INVITE", contact);
  SUBCASE("to a phone") {
    s.server(invite);
    SipText cancel = sip_hop(invite, "CANCEL", invite.get("To"));
    for (const auto& reason : reasons)
      cancel.add("Reason", reason);
    cancel.add("X-Cause", "group").add("Contact", "<sip:203.0.113.20>").add("Require", "x");
    if (!early) s.phone(sip_answer(s.to_phone("INVITE"), 180, "p"));
    s.server(cancel);
    if (early) s.phone(sip_answer(s.to_phone("INVITE"), 180, "p"));
    const SipText there = s.to_phone("CANCEL");
    CHECK(there.all("Reason") == reasons);
    CHECK(there.get("X-Cause") == "group");
    CHECK(there.get("Via") == s.to_phone("INVITE").get("Via"));
    CHECK_FALSE(there.has("Contact"));
    CHECK_FALSE(there.has("Require"));
  }
  SUBCASE("to the server") {
    invite = s.from_phone("INVITE");
    s.phone(invite);
    SipText cancel = sip_hop(invite, "CANCEL", invite.get("To"));
    for (const auto& reason : reasons)
      cancel.add("Reason", reason);
    cancel.add("P-Asserted-Identity", "<sip:9999@pbx.example.net>");
    if (!early) s.server(sip_answer(s.to_central("INVITE"), 180, "x"));
    s.phone(cancel);
    if (early) s.server(sip_answer(s.to_central("INVITE"), 180, "x"));
    CHECK(s.to_central("CANCEL").all("Reason") == reasons);
    CHECK_FALSE(s.to_central("CANCEL").has("P-Asserted-Identity"));
    s.advance(600ms);
    CHECK(s.to_central("CANCEL").all("Reason") == reasons);  // sent again
  }
}

TEST_CASE("sip: a CANCEL without a Reason, of a call that another phone of ours took, says so") {
  Stand s;
  const std::string one = s.register_phone(50, "1001"), two = s.register_phone(51, "1002");
  const SipText first = s.from_server("INVITE", one);
  SipText second = s.from_server("INVITE", two);
  second.set("Call-ID", first.get("Call-ID"));
  s.server(first);
  const SipText at_first = s.to_phone("INVITE");
  s.server(second);
  const SipText at_second = s.to_phone("INVITE");
  s.say(Stand::phone_flow(51), sip_answer(at_second, 180, "p2"));
  SUBCASE("taken") {
    s.phone(sip_answer(at_first, 200, "p1").add("Contact", "<sip:1001@192.168.1.50:5060>"));
    s.server(sip_hop(second, "CANCEL", second.get("To")));
    CHECK(s.to_phone("CANCEL").get("Reason") == "SIP;cause=200;text=\"Call completed elsewhere\"");
  }
  SUBCASE("nobody took it") {
    s.server(sip_hop(second, "CANCEL", second.get("To")));
    CHECK_FALSE(s.to_phone("CANCEL").has("Reason"));
  }
}

TEST_CASE("sip: a redirection to a server's address leads a phone here, one to somebody else there") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("INVITE"));
  SipText moved = sip_answer(s.to_central("INVITE"), 302, "x");
  moved.add("Contact", "<sip:3001@203.0.113.20;user=phone>;q=0.7").add("Contact", "<sip:3002@198.51.100.77:5070>");
  moved.add("Contact", "<sip:3003@pbx.example.net>");
  s.server(moved);
  CHECK(s.to_phone("INVITE", 302).all("Contact") == Lines{"<sip:3001@192.168.1.2;user=phone>;q=0.7",
                                                          "<sip:3002@198.51.100.77:5070>",
                                                          "<sip:3003@pbx.example.net>"});
}
