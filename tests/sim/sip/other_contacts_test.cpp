// Contacts that are no SIP URI, GRUUs, and how far a request may spread (RFC 3261 §10, RFC 5627, RFC 5393).
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

TEST_CASE(
    "sip contacts: tel: and mailto: beside a SIP one go to the server and back as they are, and bind nothing here") {
  Stand s;
  SipText reg = s.register_text();
  reg.add("Contact", "\"Desk\" <tel:+15550100>;q=0.2, <mailto:jo@example.net>;expires=60");
  s.say(Stand::phone_flow(), reg);
  const SipText got = s.to_central("REGISTER");
  REQUIRE(got.all("Contact").size() == 2);
  CHECK(got.all("Contact")[1] == "\"Desk\" <tel:+15550100>;q=0.2, <mailto:jo@example.net>;expires=60");
  CHECK(got.all("Contact")[0].find(";dw=") != std::string::npos);
  SipText ok = sip_answer(got, 200, "regtag");
  ok.add("Contact", got.all("Contact")[0] + ";expires=3600");
  ok.add("Contact", "<TEL:+15550100>;expires=1800, <mailto:sam@example.net>;expires=60");
  s.server(ok);
  const SipText answer = s.to_phone("REGISTER", 200);
  REQUIRE(answer.all("Contact").size() == 2);  // its own alone, and what the server took of them
  CHECK(answer.all("Contact")[0].find("@" + Stand::phone_address().to_string() + ":5060") != std::string::npos);
  CHECK(answer.all("Contact")[1] == "\"Desk\" <tel:+15550100>;q=0.2;expires=1800");
  CHECK(s.proxy.bindings().size() == 1);
}

TEST_CASE("sip contacts: a phone that registers a tel: alone binds nothing here, and is answered in its own words") {
  Stand s;
  SipText reg = s.register_text();
  reg.set("Contact", "<tel:+15550100>");
  s.say(Stand::phone_flow(), reg);
  const SipText got = s.to_central("REGISTER");
  CHECK(got.all("Contact") == std::vector<std::string>{"<tel:+15550100>"});
  SipText ok = sip_answer(got, 200, "regtag");
  s.server(ok.add("Contact", "<tel:+15550100>").add("Expires", "600"));
  CHECK(s.to_phone("REGISTER", 200).all("Contact") == std::vector<std::string>{"<tel:+15550100>;expires=600"});
  CHECK(s.proxy.bindings().size() == 0);
}

TEST_CASE("sip contacts: one that names a place and is no SIP URI could carry an address past us, and is refused") {
  Stand s;
  SipText reg = s.register_text();
  reg.add("Contact", "<http://192.168.1.50/>");
  s.say(Stand::phone_flow(), reg);
  CHECK(s.count(true, "REGISTER") == 0);
  CHECK(s.count(false, "REGISTER", 400) == 1);
}

TEST_CASE("sip contacts: GRUUs are the server's and stay there: we change Contacts, so that no phone's would be one") {
  Stand s;
  SipText reg = s.register_text();
  reg.add("Supported", "gruu");
  s.say(Stand::phone_flow(), reg);
  const SipText got = s.to_central("REGISTER");
  SipText ok = sip_answer(got, 200, "regtag");
  ok.add(
      "Contact",
      got.get("Contact") +
          ";pub-gruu=\"sip:1001@pbx.example.net;gr=urn:uuid:1\";temp-gruu=\"sip:tg@pbx.example.net;gr\";expires=3600");
  s.server(ok);
  CHECK(s.to_phone("REGISTER", 200).get("Contact").find("gruu") == std::string::npos);
  REQUIRE(s.proxy.bindings().size() == 1);
  // The far end's GRUU: the phone sees our Contact, and what it sends within the dialog has the GRUU whole.
  s.advance(1ms);
  s.clear();
  const SipText invite = s.from_phone("INVITE");
  s.phone(invite);
  SipText answer = s.ok_of(s.to_central("INVITE"), "callee");
  answer.set("Contact", "<sip:2001@pbx.example.net;gr=urn:uuid:2>");
  s.server(answer);
  const SipText seen = s.to_phone("INVITE", 200);
  CHECK(seen.get("Contact").find(";gr") == std::string::npos);
  s.phone(s.within(invite, "ACK", seen));
  CHECK(s.to_central("ACK").first == "ACK sip:2001@pbx.example.net;gr=urn:uuid:2 SIP/2.0");
}

TEST_CASE("sip: Max-Breadth goes on as it came, and none that allows no branch") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("INVITE").add("Max-Breadth", "1"));
  CHECK(s.to_central("INVITE").get("Max-Breadth") == "1");
  CHECK(s.count(true, "INVITE") == 1);
  s.clear();
  s.phone(s.from_phone("INVITE").add("Max-Breadth", "0"));
  CHECK(s.count(true, "INVITE") == 0);
  CHECK(s.count(false, "INVITE", 440) == 1);
  s.phone(s.from_phone("MESSAGE").add("Max-Breadth", "many"));  // nothing that we understand: it is not ours to judge
  CHECK(s.to_central("MESSAGE").get("Max-Breadth") == "many");
}

TEST_CASE(
    "sip: an answer that is larger than a phone takes is sent, and a phone that goes on asking is reported as deaf for it") {
  Stand s;
  s.register_phone();
  const SipText ask = s.from_phone("SUBSCRIBE");
  const sip::Flow flow = Stand::phone_flow();
  s.say(flow, ask);
  s.server(sip_answer(s.to_central("SUBSCRIBE"), 488, "x").with_body("text/plain", std::string(20'000, 'x')));
  REQUIRE(s.count(false, "SUBSCRIBE", 488) == 1);
  CHECK(s.all(false, "SUBSCRIBE", 488).back().m.body.size() == 20'000);
  CHECK(s.reported(sip::Event::Kind::large) == 1);
  const auto port = s.all(false, "SUBSCRIBE", 488).back().to.peer.port;
  for (int i = 0; i < 3; ++i) {
    s.advance(2s);
    s.say(flow, ask);
  }
  REQUIRE(s.reported(sip::Event::Kind::unheard) == 1);
  CHECK(s.events.back().text.find("bytes is more than phones take by UDP") != std::string::npos);
  CHECK(s.events.back().aor == "1001");
  CHECK(s.all(false, "SUBSCRIBE", 488).back().to.peer.port == port);  // no other port would help
}
