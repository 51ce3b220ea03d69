// Servers and phones that are gone: which answers requests get, and when a server that is back gets its phones.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;
using OutageKind = sip::Event::Kind;

namespace {

/// Its first octets, as ICMP quotes them.
std::string quoted_by_icmp(const SipText& m, std::size_t octets = 400) {
  return m.str().substr(0, octets);
}

void not_delivered(Stand& s, const Endpoint& peer, std::string_view text) {
  sip::Output out;
  s.proxy.on_undelivered(s.now, peer, as_bytes(text), "nothing listens there", out);
  s.take(out);
}

Endpoint server_stands(unsigned n = 0, std::uint16_t port = 5060) {
  return {Stand::server_address(n), port};
}

sip::ProxyOptions with_pings(unsigned servers = 1) {
  auto o = Stand::options(servers);
  o.ping = 30s;
  return o;
}

std::size_t pings_to(const Stand& s, unsigned n = 0) {
  return static_cast<std::size_t>(std::ranges::count_if(
      s.probes, [&](const Stand::Sent& p) { return p.to.peer.address == Stand::server_address(n); }));
}

int retry_after_of(const SipText& m) {
  const std::string text = m.get("Retry-After");
  return text.empty() ? -1 : std::stoi(text);
}

}  // namespace

TEST_CASE("sip outages: the only server is silent: a call and a registration hear 503 after answer_timeout") {
  Stand s;
  s.register_phone();
  SUBCASE("INVITE") {
    s.phone(s.from_phone("INVITE"));
    s.advance(3999ms);
    CHECK(s.count(false, "INVITE", 503) == 0);
    s.advance(1ms);
    CHECK(retry_after_of(s.to_phone("INVITE", 503)) >= 5);
    CHECK(s.proxy.parts().dialogs.calls() == 0);
  }
  SUBCASE("REGISTER") {
    s.phone(s.register_text());
    s.advance(4s);
    CHECK(retry_after_of(s.to_phone("REGISTER", 503)) >= 5);
    CHECK(s.proxy.bindings().size() == 1);  // what was granted before is good until it runs out
  }
  CHECK(s.reported(OutageKind::server_down) == 1);
  CHECK(s.reported(OutageKind::no_server) == 1);
  s.advance(2min);
  CHECK(s.proxy.parts().transactions.size() == 0);
  CHECK(s.proxy.parts().dialogs.size() == 0);
}

TEST_CASE("sip outages: a server that answers others has until timer B for the one it is slow with") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("INVITE"));
  s.advance(3s);
  s.register_phone(51, "1002");
  s.advance(28s);
  CHECK(s.count(false, "INVITE") == 0);
}

TEST_CASE("sip outages: a server that rings after the caller got 503 is asked to stop") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("INVITE"));
  const SipText invite = s.to_central("INVITE");
  s.advance(4s);
  REQUIRE(s.count(false, "INVITE", 503) == 1);
  s.clear();
  s.server(sip_answer(invite, 180, "late"));
  CHECK(s.count(true, "CANCEL") == 1);
  s.server(sip_answer(s.to_central("CANCEL"), 200, "late"));
  s.server(sip_answer(invite, 487, "late"));
  CHECK(s.count(true, "ACK") == 1);
  CHECK(s.count(false, "INVITE") == 0);
  s.advance(2min);
  CHECK(s.proxy.parts().transactions.size() == 0);
}

TEST_CASE("sip outages: ICMP that quotes the request ends it at once, and the next server is asked if there is one") {
  for (const unsigned servers : {1U, 2U}) {
    for (const char* method : {"INVITE", "REGISTER", "MESSAGE"}) {
      CAPTURE(servers);
      CAPTURE(method);
      Stand s(Stand::options(servers));
      s.register_phone();
      s.phone(std::string_view(method) == "REGISTER" ? s.register_text() : s.from_phone(method));
      not_delivered(s, server_stands(), quoted_by_icmp(s.to_central(method)));
      CHECK(s.reported(OutageKind::server_down) == 1);
      if (servers == 1) {
        CHECK(retry_after_of(s.to_phone(method, 503)) >= 5);
        CHECK(s.count(true, method) == 1);
      } else {
        CHECK(s.all(true, method).back().to.peer == server_stands(1));
        CHECK(s.count(false, method, 503) == 0);
      }
      CHECK(s.proxy.bindings().size() == 1);
    }
  }
}

TEST_CASE(
    "sip outages: a TCP server that takes no connection: the phone hears 503 and when to come back, and it is reported") {
  for (const char* method : {"INVITE", "REGISTER"}) {
    CAPTURE(method);
    Stand s(Stand::options(1, sip::Transport::tcp));
    s.phone(s.register_text());
    REQUIRE(s.connects.size() == 1);
    const SipText got = s.to_central("REGISTER");
    SipText ok = sip_answer(got, 200, "r");
    s.say(s.sent.front().to, ok.add("Contact", got.get("Contact") + ";expires=3600"));
    s.clear();
    sip::Output out;
    s.proxy.on_connection_closed(s.now, s.connects.front().id, "it hung up", out);
    s.take(out);
    s.phone(std::string_view(method) == "REGISTER" ? s.register_text() : s.from_phone(method));
    REQUIRE(s.connects.size() == 2);
    out.clear();
    s.proxy.on_connection_closed(s.now, s.connects.back().id, "Connection refused", out);
    s.take(out);
    CHECK(retry_after_of(s.to_phone(method, 503)) >= 5);
    CHECK(s.reported(OutageKind::no_server) == 1);
    CHECK(s.reported(OutageKind::server_down) == 1);
    CHECK(s.proxy.parts().dialogs.calls() == 0);
  }
}

TEST_CASE("sip outages: a request goes on to the next address of its server's name") {
  Stand s;
  s.proxy.set_server_addresses(
      0, {{server_stands(0), {Stand::central(), 5060}}, {server_stands(1), {Stand::central(), 5060}}});
  s.phone(s.register_text());
  SUBCASE("by ICMP") {
    not_delivered(s, server_stands(0), quoted_by_icmp(s.to_central("REGISTER")));
  }
  SUBCASE("by silence") {
    s.advance(4s);
  }
  CHECK(s.all(true, "REGISTER").back().to.peer == server_stands(1));
  CHECK(s.reported(OutageKind::server_down) == 0);
  CHECK(s.count(false, "REGISTER", 503) == 0);
  not_delivered(s, server_stands(1), quoted_by_icmp(s.to_central("REGISTER")));
  CHECK(s.reported(OutageKind::server_down) == 1);
  CHECK(s.count(false, "REGISTER", 503) == 1);
}

TEST_CASE("sip outages: ICMP that anybody may have made up ends nothing, and the server is asked whether it is there") {
  Stand s(with_pings());
  s.hears = [&](const Stand::Sent&) { return true; };
  s.advance(1s);
  s.register_phone();
  s.phone(s.from_phone("INVITE"));
  const SipText invite = s.to_central("INVITE");
  const std::size_t pings = pings_to(s);
  SUBCASE("no more than the UDP header is quoted") {
    for (int i = 0; i < 100; ++i)
      not_delivered(s, server_stands(), "");
    s.advance(0s);
    CHECK(pings_to(s) == pings + 1);  // one, however often somebody says so
  }
  SUBCASE("the branch is cut off") {
    not_delivered(s, server_stands(), invite.str().substr(0, invite.str().find(";branch=") + 12));
  }
  SUBCASE("another branch") {
    not_delivered(s, server_stands(), "INVITE x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKguess\r\n");
  }
  SUBCASE("another port") {
    not_delivered(s, server_stands(0, 5061), quoted_by_icmp(invite));
  }
  SUBCASE("another address") {
    not_delivered(s, server_stands(1), quoted_by_icmp(invite));
  }
  CHECK(s.count(false, "INVITE", 503) == 0);
  CHECK(s.reported(OutageKind::server_down) == 0);
  s.server(sip_answer(invite, 486, "callee"));
  CHECK(s.count(false, "INVITE", 486) == 1);
}

TEST_CASE("sip outages: of a call that is up ICMP ends one request, and BYE ends it as ever") {
  Stand s;
  s.register_phone();
  const Stand::Up call = s.call_up();
  s.phone(s.within(call.phone_invite, "INVITE", call.phone_ok, 1));
  not_delivered(s, server_stands(), quoted_by_icmp(s.to_central("INVITE")));
  CHECK(s.count(false, "INVITE", 503) == 1);
  CHECK(s.proxy.parts().dialogs.calls() == 1);
  CHECK_FALSE(s.broker.streams().empty());
  s.phone(s.within(call.phone_invite, "BYE", call.phone_ok, 2));
  not_delivered(s, server_stands(), quoted_by_icmp(s.to_central("BYE")));
  CHECK(s.count(false, "BYE", 503) == 1);
  CHECK(s.proxy.parts().dialogs.calls() == 0);
}

TEST_CASE("sip outages: a phone that ICMP says is gone: callers hear 480 at once, and it stays registered") {
  Stand s;
  const std::string contact = s.register_phone();
  s.server(s.from_server("INVITE", contact));
  const Stand::Sent sent = s.all(false, "INVITE").back();
  not_delivered(s, sent.to.peer, "");
  CHECK(s.count(true, "INVITE", 480) == 0);
  not_delivered(s, sent.to.peer, quoted_by_icmp(sent.m));
  CHECK(s.count(true, "INVITE", 480) == 1);
  CHECK(s.proxy.parts().dialogs.calls() == 0);
  CHECK(s.proxy.bindings().size() == 1);
  const std::size_t probes = s.probes.size();
  s.advance(1ms);
  CHECK(s.probes.size() == probes + 1);  // it is asked at once whether it is there
  s.advance(2min);
  CHECK(s.proxy.parts().transactions.size() == 0);
}

TEST_CASE("sip outages: a server that is down is asked every few seconds, and back at once when it answers") {
  Stand s(with_pings());
  bool alive = true;
  s.hears = [&](const Stand::Sent& p) { return alive || !s.is_central(p.to); };
  s.advance(1s);
  alive = false;
  s.advance(10min);
  CHECK_FALSE(s.proxy.parts().servers.all()[0].up);
  CHECK(s.reported(OutageKind::server_down) == 1);
  const std::size_t before = pings_to(s);
  s.advance(60s);
  CHECK(pings_to(s) >= before + 30);  // every 2 s, with their retransmissions
  alive = true;
  s.advance(2s);
  CHECK(s.proxy.parts().servers.all()[0].up);
  CHECK(s.reported(OutageKind::server_up) == 1);
}

TEST_CASE("sip outages: a phone's own attempt tries the only server, down or not; of thousands a few a second do") {
  Stand s;
  s.phone(s.register_text());
  s.advance(4s);
  REQUIRE_FALSE(s.proxy.parts().servers.all()[0].up);
  s.clear();
  s.phone(s.register_text());
  CHECK(s.count(true, "REGISTER") == 1);
  s.accept_register();
  CHECK(s.proxy.parts().servers.all()[0].up);

  s.phone(s.from_phone("MESSAGE"));
  s.advance(4s);
  REQUIRE_FALSE(s.proxy.parts().servers.all()[0].up);
  s.clear();
  for (int i = 0; i < 500; ++i)
    s.phone(s.from_phone("MESSAGE"));
  CHECK(s.count(true, "MESSAGE") == 20);
  CHECK(s.count(false, "MESSAGE", 503) == 480);
}
