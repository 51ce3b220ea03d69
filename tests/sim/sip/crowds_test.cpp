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
      s.say(Stand::phone_flow(100 + ms / 1000 % 10),
            s.register_text(100 + ms / 1000 % 10, std::to_string(1100 + ms / 1000 % 10)));
      known += s.count(true, "REGISTER") == 1 ? 1 : 0;
    }
    s.clear();
    s.advance(10ms);
  }
  CHECK(fresh == 15);
  CHECK(known == 15);
  CHECK(s.proxy.parts().counters.registrations_put_off > 1000);
}

TEST_CASE("sip crowds: what is refused here holds no transaction") {
  auto o = Stand::options();
  o.register_rate = 1;
  Stand s(o);
  for (unsigned n = 0; n < 100; ++n)
    s.say(at(0xC6336401), stray(s, at(0xC6336401), std::to_string(n)));
  CHECK(s.count(false, "REGISTER", 503) == 99);
  s.advance(1ms);
  CHECK(s.proxy.parts().transactions.size() == 1);
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
  CHECK(s.proxy.parts().transactions.size() < 1200);
  s.clear();
  s.register_phone();
  CHECK(s.proxy.bindings().size() == 1);
}

TEST_CASE("sip crowds: one user binds so many contacts, and the one that expires first makes room") {
  Stand s;
  for (unsigned n = 0; n < 30; ++n) {
    const sip::Flow flow = at(0x0A000001, static_cast<std::uint16_t>(2000 + n));
    s.say(flow, stray(s, flow, "same" + std::to_string(n)).add("Expires", "3600"));
    s.accept_register();
    s.advance(1s);
  }
  CHECK(s.proxy.bindings().size() == sip::Bindings::kMaxPerAor);
  std::uint16_t first = 0xffff;
  s.proxy.bindings().for_each([&](const sip::Binding& b) { first = std::min(first, b.reach.flow.peer.port); });
  CHECK(first == 2010);
}

TEST_CASE("sip crowds: one source binds a quarter of all, and others find room") {
  auto o = Stand::options();
  o.max_bindings = 400;
  Stand s(o);
  for (unsigned n = 0; n < 120; ++n) {
    const sip::Flow flow = at(0x0A000001, static_cast<std::uint16_t>(2000 + n));
    const std::string aor = "<sip:u" + std::to_string(n) + "@pbx.example.net>";
    s.say(flow,
          stray(s, flow, "c" + std::to_string(n)).set("From", aor + ";tag=x").set("To", aor).add("Expires", "3600"));
    if (s.count(true, "REGISTER") > 0) s.accept_register();
    s.advance(1s);
  }
  CHECK(s.proxy.bindings().size() == 100);
  CHECK(s.count(false, "REGISTER", 503) == 20);
  s.clear();
  s.register_phone();
  CHECK(s.proxy.bindings().size() == 101);
}

TEST_CASE("sip crowds: an INVITE that the server challenges or refuses holds no ports") {
  for (const unsigned status : {401, 407, 486}) {
    CAPTURE(status);
    Stand s;
    s.register_phone();
    const SipText invite =
        s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
    s.phone(invite);
    REQUIRE(s.broker.streams().size() == 1);
    s.server(sip_answer(s.to_central("INVITE"), static_cast<int>(status), "x"));
    CHECK(s.broker.streams().empty());
    if (status == 486) continue;
    SipText again = invite;  // it comes again and has its ports
    s.phone(again.set("Via", "SIP/2.0/UDP 192.168.1.50:5060;branch=" + s.new_branch()).set("CSeq", "102 INVITE"));
    CHECK(s.broker.streams().size() == 1);
    s.server(s.ok_of(s.to_central("INVITE"), "callee"));
    CHECK(s.proxy.parts().dialogs.calls() == 1);
  }
}

TEST_CASE("sip crowds: callers of many names beside a registered phone are one caller") {
  auto o = Stand::options();
  o.call_limits = {.attempts_per_phone = 5};
  Stand s(o);
  s.register_phone();
  for (unsigned n = 0; n < 20; ++n) {
    SipText m = s.from_phone("INVITE");
    m.set("From", "<sip:made-up" + std::to_string(n) + "@pbx.example.net>;tag=x")
        .set("Contact", "<sip:m@192.168.1.50:40001>");
    s.say(Stand::phone_flow(50, 40001), m);
  }
  CHECK(s.count(true, "INVITE") == 5);
  s.phone(s.from_phone("INVITE"));  // the phone itself
  CHECK(s.count(true, "INVITE") == 6);
}

TEST_CASE("sip crowds: who begins dialog after dialog leaves others theirs") {
  auto o = Stand::options();
  o.max_calls = 100;
  o.max_bindings = 100;
  Stand s(o);
  s.register_phone();
  s.register_phone(51, "1002");
  for (unsigned n = 0; n < 600; ++n)
    s.phone(s.from_phone("SUBSCRIBE"));
  CHECK(s.proxy.parts().dialogs.size() == 125);
  SipText other = s.from_phone("SUBSCRIBE", "2001", 51);
  s.say(Stand::phone_flow(51), other.set("From", "<sip:1002@pbx.example.net>;tag=y"));
  CHECK(s.proxy.parts().dialogs.size() == 126);
}

TEST_CASE("sip crowds: strangers open few connections to a TCP server, and those go when nothing runs over them") {
  Stand s(Stand::options(1, sip::Transport::tcp));
  for (unsigned n = 0; n < 1000; ++n) {
    const sip::Flow flow = at(0xC6336401 + n / 100, static_cast<std::uint16_t>(2000 + n));
    s.say(flow, stray(s, flow, std::to_string(n)));
    s.advance(20ms);
  }
  CHECK(s.connects.size() >= 9);
  CHECK(s.connects.size() <= 10 * 8 + 1);
  s.closes.clear();
  s.advance(2min);
  CHECK(s.closes.size() >= s.connects.size() - 1);  // the one that all share stays
}

TEST_CASE("sip crowds: pings do not keep a connection over which nobody is registered") {
  for (const bool registered : {false, true}) {
    CAPTURE(registered);
    Stand s;
    sip::Flow tcp = Stand::phone_flow();
    tcp.transport = sip::Transport::tcp;
    tcp.connection = s.proxy.on_accepted(s.now, tcp.peer, tcp.local);
    if (registered) {
      s.say(tcp,
            stray(s, tcp, "r").set("Via", "SIP/2.0/TCP 192.168.1.50;branch=" + s.new_branch()).add("Expires", "3600"));
      s.accept_register();
    }
    for (int i = 0; i < 20; ++i) {
      s.advance(10s);
      s.proxy.on_ping(s.now, tcp.connection);
    }
    CHECK((std::ranges::find(s.closes, tcp.connection) != s.closes.end()) == !registered);
  }
}
