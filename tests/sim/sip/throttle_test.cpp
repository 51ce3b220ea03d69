// access.sip.register_expires: short to the phone, long to the server, and nobody but the phone itself is answered in
// between.
#include <fmt/format.h>

#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

struct Throttled : Stand {
  static sip::ProxyOptions options() {
    auto o = Stand::options();
    o.register_expires = 60s;
    return o;
  }
  Throttled() : Stand(options()) {}

  unsigned cseq = 100;
  /// What the phone says each time: `nc` counts its use of the nonce; 0: none.
  SipText next(unsigned nc) {
    SipText m = register_text(50, "1001", 300).set("From", "<sip:1001@pbx.example.net>;tag=one");
    m.set("CSeq", std::to_string(++cseq) + " REGISTER").set("Call-ID", "one@phone");
    if (nc != 0) {
      m.add("Authorization",
            fmt::format("Digest username=\"1001\", realm=\"pbx\", nonce=\"n\", uri=\"sip:pbx.example.net\", "
                        "qop=auth, cnonce=\"c\", nc={:08x}, response=\"{}\"",
                        nc, 1000 + nc));
    }
    return m;
  }
  /// Said by the phone; true: the server was asked.
  bool asks_server(const SipText& m, const sip::Flow& flow = phone_flow()) {
    clear();
    say(flow, m);
    return count(true, "REGISTER") == 1;
  }
  void grant(unsigned seconds = 3600) {
    const SipText there = to_central("REGISTER");
    SipText ok = sip_answer(there, 200, "r");
    for (const auto& contact : there.all("Contact")) {
      std::string said = contact;
      if (const auto at = said.find(";expires="); at != std::string::npos) said.erase(at);
      ok.add("Contact", said + ";expires=" + std::to_string(seconds));
    }
    server(ok.add("Service-Route", "<sip:203.0.113.20;lr>").add("Supported", "outbound"));
  }
  std::string reported() { return to_phone("REGISTER", 200).get("Expires"); }
};

}  // namespace

TEST_CASE("sip: a throttled phone registers each minute, the server hears of it twice an hour") {
  Throttled s;
  unsigned nc = 1, at_server = 0, answered = 0;
  for (const TimePoint end = s.now + 2h; s.now < end; s.advance(50s)) {
    if (s.asks_server(s.next(nc++))) {
      ++at_server;
      CHECK(s.to_central("REGISTER").get("Expires") == "3600");
      s.grant();
    }
    CHECK(s.reported() == "60");
    CHECK(sip_param(s.to_phone("REGISTER", 200).get("Contact"), "expires") == "60");
    CHECK(s.to_phone("REGISTER", 200).get("Service-Route") == "<sip:203.0.113.20;lr>");
    CHECK(s.to_phone("REGISTER", 200).get("Supported") == "outbound");
    ++answered;
  }
  CHECK(answered == 144);
  CHECK(at_server == 4);
  CHECK(s.proxy.parts().counters.registrations_kept == answered - at_server);
  CHECK(s.proxy.bindings().size() == 1);
}

TEST_CASE("sip: whatever is not the phone's own next registration goes to the server") {
  struct Row {
    const char* what;
    std::function<void(SipText&)> change;
    bool asks = true;
    unsigned port = 5060, last = 50;
  };
  const auto set = [](const char* name, std::string value) {
    return [name, value](SipText& m) { m.set(name, value); };
  };
  for (const Row& row : {
           Row{"nothing is different", [](SipText&) {}, false},
           Row{"another source port", [](SipText&) {}, true, 5062},
           Row{"another address", [](SipText&) {}, true, 5060, 66},
           Row{"another Call-ID", set("Call-ID", "two@phone")},
           Row{"another From tag", set("From", "<sip:1001@pbx.example.net>;tag=two")},
           Row{"the same CSeq", set("CSeq", "101 REGISTER")},
           Row{"another Contact",
               set("Contact",
                   "<sip:1001@192.168.1.50:5060>;+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-001122334460>\"")},
           Row{"no Contact", [](SipText& m) { m.drop("Contact"); }},
           Row{"it goes", set("Expires", "0")},
           Row{"it wants less", set("Expires", "30")},
           Row{"no credentials", [](SipText& m) { m.drop("Authorization"); }},
           Row{"the same nonce count",
               set("Authorization",
                   "Digest username=\"1001\", realm=\"pbx\", nonce=\"n\", uri=\"sip:pbx.example.net\", "
                   "qop=auth, cnonce=\"c\", nc=00000001, response=\"1001\"")},
           Row{"another nonce",
               set("Authorization",
                   "Digest username=\"1001\", realm=\"pbx\", nonce=\"m\", uri=\"sip:pbx.example.net\", qop=auth, "
                   "cnonce=\"c\", nc=00000002, response=\"1002\"")},
           Row{"another user",
               set("Authorization",
                   "Digest username=\"1002\", realm=\"pbx\", nonce=\"n\", uri=\"sip:pbx.example.net\", qop=auth, "
                   "cnonce=\"c\", nc=00000002, response=\"1002\"")},
       }) {
    CAPTURE(row.what);
    Throttled s;
    REQUIRE(s.asks_server(s.next(1)));
    s.grant();
    s.advance(50s);
    SipText m = s.next(2);
    row.change(m);
    CHECK(s.asks_server(m, Stand::phone_flow(row.last, static_cast<std::uint16_t>(row.port))) == row.asks);
  }
}

TEST_CASE("sip: nothing is kept that the server did not grant for long, nor longer than half of that") {
  Throttled s;
  REQUIRE(s.asks_server(s.next(1)));
  s.grant(100);  // not worth it
  CHECK(s.reported() == "60");
  s.advance(40s);
  CHECK(s.asks_server(s.next(2)));
  s.grant(600);
  for (unsigned i = 0; i < 4; ++i) {
    s.advance(55s);
    CHECK_FALSE(s.asks_server(s.next(3 + i)));
  }
  s.advance(85s);  // past half of it, and past the phone's own time
  CHECK(s.asks_server(s.next(7)));
  // Refused now, it ends with the server's time, however often somebody asks.
  s.server(sip_answer(s.to_central("REGISTER"), 403, "r"));
  s.advance(600s);
  CHECK(s.proxy.bindings().size() == 0);
  CHECK(s.asks_server(s.next(8)));
}

TEST_CASE(
    "sip: a throttled phone whose server is down, that lets its time pass, or that unregistered, asks the server") {
  SUBCASE("it let its time pass") {
    Throttled s;
    REQUIRE(s.asks_server(s.next(1)));
    s.grant();
    s.advance(80s);
    CHECK(s.asks_server(s.next(2)));
  }
  SUBCASE("it unregistered") {
    Throttled s;
    REQUIRE(s.asks_server(s.next(1)));
    s.grant();
    REQUIRE(s.asks_server(s.next(2).set("Expires", "0")));
    CHECK(s.to_central("REGISTER").get("Expires") == "0");
    s.server(sip_answer(s.to_central("REGISTER"), 200, "r"));
    CHECK(s.proxy.bindings().size() == 0);
    CHECK(s.asks_server(s.next(3)));
  }
  SUBCASE("not with the setting off") {
    Stand s;
    s.register_phone();
    s.phone(s.register_text().set("CSeq", "300 REGISTER"));
    CHECK(s.to_central("REGISTER").get("Expires") == "3600");
    CHECK(s.count(true, "REGISTER") == 1);
  }
}

TEST_CASE("sip: a digest without a nonce count is the same each time; another one is not the phone's") {
  Throttled s;
  const std::string digest = "Digest username=\"1001\",realm=\"pbx\",uri=\"sip:x\",nonce=\"n\",response=\"";
  REQUIRE(s.asks_server(s.next(0).add("Authorization", digest + "ab\"")));
  s.grant();
  CHECK_FALSE(s.asks_server(s.next(0).add("Authorization", digest + "ab\"")));
  CHECK(s.asks_server(s.next(0).add("Authorization", digest + "cd\"")));
}
