// What a crowd of strangers leaves to phones.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

sip::Flow at(std::uint32_t address, std::uint16_t port = 5060) {
  sip::Flow flow = Stand::phone_flow();
  flow.peer = {IpAddress::v4(address), port};
  return flow;
}
/// A stranger's REGISTER, under a Call-ID of its own.
SipText stray(Stand& s, const sip::Flow& flow, const std::string& call_id) {
  SipText m = s.request("REGISTER", "sip:pbx.example.net", flow.peer.to_string());
  m.add("From", "<sip:" + call_id.substr(0, 20) + "@pbx.example.net>;tag=x").add("To", "<sip:u@pbx.example.net>");
  return m.add("Call-ID", call_id).add("CSeq", "1 REGISTER").add("Contact", "<sip:u@" + flow.peer.to_string() + ">");
}

}  // namespace

TEST_CASE("sip crowds: phones register and register again at the first try while several strangers hammer") {
  Stand s;
  for (unsigned n = 0; n < 10; ++n)
    s.register_phone(100 + n, std::to_string(1100 + n), 60);
  s.advance(100s);  // their time is over
  unsigned fresh = 0, known = 0;
  for (unsigned ms = 0; ms < 20'000; ms += 10) {
    for (std::uint32_t n = 0; n < 4; ++n)
      s.say(at(0xC6336401 + n), stray(s, at(0xC6336401 + n), std::to_string(ms) + "-" + std::to_string(n)));
    for (const auto& there : s.all(true, "REGISTER"))
      s.server(sip_answer(there.m, 401, "r").add("WWW-Authenticate", "Digest realm=\"pbx\",nonce=\"n\""));
    s.clear();
    if (ms % 500 == 0 && ms >= 5000 && ms / 500 % 2 == 0) {
      s.say(at(0x0A010000 + ms), stray(s, at(0x0A010000 + ms), "new" + std::to_string(ms)));
      fresh += s.count(true, "REGISTER") == 1 ? 1 : 0;
    } else if (ms % 500 == 0 && ms >= 5000) {
      s.say(Stand::phone_flow(100 + ms / 1000 % 10), s.register_text(100 + ms / 1000 % 10, std::to_string(1100 + ms / 1000 % 10)));
      known += s.count(true, "REGISTER") == 1 ? 1 : 0;
    }
    s.clear();
    s.advance(10ms);
  }
  CHECK(fresh == 15);
  CHECK(known == 15);
  CHECK(s.proxy.counters().registrations_put_off > 1000);
}

TEST_CASE("sip crowds: what is refused here holds no transaction") {
  auto o = Stand::options();
  o.register_rate = 1;
  Stand s(o);
  for (unsigned n = 0; n < 100; ++n)
    s.say(at(0xC6336401), stray(s, at(0xC6336401), std::to_string(n)));
  CHECK(s.count(false, "REGISTER", 503) == 99);
  s.advance(1ms);
  CHECK(s.proxy.transactions() == 1);
}

TEST_CASE("sip crowds: strangers' transactions leave registered phones theirs, and one stranger leaves others some") {
  auto o = Stand::options();
  o.max_transactions = 200;
  o.max_transactions_per_source = 100;
  o.unregistered_calls = true;
  Stand s(o);
  s.register_phone();
  s.advance(33s);
  for (std::uint32_t n = 0; n < 40; ++n) {
    for (unsigned i = 0; i < 30; ++i) {
      SipText m = s.from_phone("MESSAGE");
      s.say(at(0xC6336401 + n), m.set("Via", "SIP/2.0/UDP 198.51.100.1:5060;branch=" + s.new_branch()));
    }
  }
  CHECK(s.count(true, "MESSAGE") == 100);  // four with 25 each
  s.clear();
  s.phone(s.from_phone("INVITE"));
  CHECK(s.count(true, "INVITE") == 1);
  CHECK(s.count(false, "INVITE", 503) == 0);
}

TEST_CASE("sip crowds: strangers' long requests are bounded by their octets") {
  auto o = Stand::options();
  o.register_rate = 100'000;
  o.guard.message_rate = 100'000;
  o.max_transactions_per_source = 100'000;
  Stand s(o);
  const std::string call_id(30'000, 'x');
  for (unsigned n = 0; n < 2000; ++n) {
    s.say(at(0xC6336401), stray(s, at(0xC6336401), std::to_string(n) + call_id));
    if (n % 100 == 0) s.clear();
  }
  CHECK(s.proxy.transactions() < 1200);
  s.clear();
  s.register_phone();
  CHECK(s.proxy.bindings().size() == 1);
}
