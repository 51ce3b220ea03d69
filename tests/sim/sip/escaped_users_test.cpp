// Users spelled with escapes that they do not need are the same users (RFC 3261 §19.1.4), and leave as they came.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

sip::ProxyOptions one_call_a_line() {
  auto o = Stand::options();
  o.call_limits = {.calls_per_phone = 1};
  o.emergency = {"911"};
  return o;
}

}  // namespace

TEST_CASE("sip users: a line that registers spelled with escapes is the line that is registered") {
  Stand s;
  const std::string contact = s.register_phone(50, "1001");
  SipText again = s.register_text(50, "1001");
  again.set("To", "<sip:10%301@pbx.example.net>").set("CSeq", "102 REGISTER");
  again.set("Contact", "<sip:1%3001@" + Stand::phone_address().to_string() + ":5060;transport=udp>;+sip.instance=\"" +
                           "<urn:uuid:00000000-0000-0000-0000-001122334460>\"");
  s.say(Stand::phone_flow(), again);
  const SipText got = s.to_central("REGISTER");
  CHECK(got.get("To") == "<sip:10%301@pbx.example.net>");
  CHECK(got.get("Contact").find("sip:1%3001@") != std::string::npos);
  CHECK(sip_uri(got.get("Contact")).substr(sip_uri(got.get("Contact")).find("dw=")) ==
        contact.substr(contact.find("dw=")));
  s.accept_register();
  CHECK(s.proxy.bindings().size() == 1);
}

TEST_CASE("sip users: no spelling of a line has a limit of its own") {
  Stand s(one_call_a_line());
  s.register_phone();
  s.call_up();
  for (const char* user : {"1001", "10%301", "%31001", "%31%30%30%31"}) {
    SipText invite = s.from_phone("INVITE");
    invite.set("From", std::string("<sip:") + user + "@pbx.example.net>;tag=again");
    s.phone(invite);
    CHECK(s.count(true, "INVITE") == 0);
    s.clear();
  }
  SUBCASE("nor has one that registers so, with another contact") {
    SipText other = s.register_text(51, "%31001");
    s.say(Stand::phone_flow(51), other);
    s.accept_register();
    SipText invite = s.from_phone("INVITE", "2001", 51);
    invite.set("From", "<sip:%31001@pbx.example.net>;tag=other");
    s.say(Stand::phone_flow(51), invite);
    CHECK(s.count(true, "INVITE") == 0);
  }
}

TEST_CASE("sip users: a call for help is one in every spelling, and goes as it was dialled") {
  for (const char* target :
       {"sip:%39%31%31@pbx.example.net", "sip:9-1%31;phone-context=example.net@pbx.example.net", "tel:9%311"}) {
    CAPTURE(target);
    Stand s(one_call_a_line());
    s.register_phone();
    s.call_up();
    SipText invite = s.from_phone("INVITE");
    invite.first = std::string("INVITE ") + target + " SIP/2.0";
    s.phone(invite);
    REQUIRE(s.count(true, "INVITE") == 1);
    CHECK(s.to_central("INVITE").first == invite.first);
  }
}

TEST_CASE("sip users: with capital letters too an address-of-record has so many contacts, and all of them go with *") {
  Stand s;
  for (unsigned i = 0; i < sip::Bindings::kMaxPerAor + 2; ++i)
    s.register_phone(10 + i, "Alice");
  CHECK(s.proxy.bindings().size() == sip::Bindings::kMaxPerAor);
  SipText gone = s.register_text(10 + sip::Bindings::kMaxPerAor, "Alice", 0);
  gone.set("Contact", "*").set("CSeq", "102 REGISTER");
  s.say(Stand::phone_flow(10 + sip::Bindings::kMaxPerAor), gone);
  s.server(sip_answer(s.to_central("REGISTER"), 200, "gone"));
  CHECK(s.proxy.bindings().size() == 0);
}
