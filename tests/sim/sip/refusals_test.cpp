// What is answered here, and which server a request goes to when one of them is of no use.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

TEST_CASE("sip: Max-Forwards 0 is 483, none becomes 70, and OPTIONS with 0 is answered") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("INVITE").set("Max-Forwards", "0"));
  CHECK(s.count(false, "INVITE", 483) == 1);
  s.phone(s.from_phone("MESSAGE").drop("Max-Forwards"));
  CHECK(s.to_central("MESSAGE").get("Max-Forwards") == "70");
  s.phone(s.from_phone("OPTIONS").set("Max-Forwards", "0"));
  CHECK(s.count(false, "OPTIONS", 200) == 1);
  CHECK(s.count(true, "OPTIONS") == 0);
}

TEST_CASE("sip: a request that comes back is 482, and a spiral is not") {
  Stand s;
  const std::string contact = s.register_phone();
  s.phone(s.from_phone("MESSAGE", "1002"));
  SipText back = s.to_central("MESSAGE");
  SUBCASE("spiral: the server means the phone now") {
    back.push_front("Via", "SIP/2.0/UDP 203.0.113.20:5060;branch=" + s.new_branch());
    back.first = "MESSAGE " + contact + " SIP/2.0";
    s.server(back);
    CHECK(s.count(true, "MESSAGE", 482) == 0);
    CHECK(s.count(false, "MESSAGE", 0) == 1);
  }
  SUBCASE("loop: it goes where it went") {
    // Sent on by the server as it was, to an address that leads here again as a phone's.
    SipText again = s.from_phone("MESSAGE", "1002");
    again.set("Call-ID", back.get("Call-ID"));
    for (const auto& via : back.all("Via"))
      again.add("Via", via);
    s.phone(again);
    CHECK(s.count(false, "MESSAGE", 482) == 1);
    CHECK(s.count(true, "MESSAGE", 0) == 1);
  }
}

TEST_CASE("sip: 420 to Proxy-Require, 416 to another scheme, 400 to what makes no sense") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("INVITE").add("Proxy-Require", "foo"));
  CHECK(s.to_phone("INVITE", 420).get("Unsupported") == "foo");
  SipText web = s.from_phone("INVITE");
  web.first = "INVITE http://pbx.example.net/4930123 SIP/2.0";
  s.phone(web);
  CHECK(s.count(false, "INVITE", 416) == 1);
  s.phone(s.from_phone("INVITE").set("From", "<sip:1001@pbx.example.net>"));
  CHECK(s.count(false, "INVITE", 400) == 1);
  CHECK(s.count(true, "INVITE") == 0);
}

TEST_CASE("sip: 404 for a contact that nobody has, 481 within a dialog that is none") {
  Stand s;
  s.register_phone();
  s.server(s.from_server("INVITE", "sip:1001@203.0.113.10:5060;dw=aaaaaaaaaaaaa"));
  CHECK(s.count(true, "INVITE", 404) == 1);
  SipText bye = s.from_server("BYE", "sip:1001@203.0.113.10:5060;dw=aaaaaaaaaaaaa");
  s.server(bye.set("To", bye.get("To") + ";tag=none"));
  CHECK(s.count(true, "BYE", 481) == 1);
  SipText info = s.from_phone("INFO");
  s.phone(info.set("To", info.get("To") + ";tag=none"));
  CHECK(s.count(false, "INFO", 481) == 1);
}

TEST_CASE("sip: a user that two phones share is not guessed") {
  Stand s;
  s.register_phone(50);
  s.register_phone(51);
  s.server(s.from_server("INVITE", "sip:1001@203.0.113.10:5060"));
  CHECK(s.count(true, "INVITE", 404) == 1);
  CHECK(s.count(false, "INVITE") == 0);
}

TEST_CASE("sip: callers get 503 as 500, and a registering phone gets it as it is") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("INVITE"));
  s.server(sip_answer(s.to_central("INVITE"), 503, "x").add("Retry-After", "7"));
  CHECK(s.count(false, "INVITE", 500) == 1);
  s.phone(s.register_text(50, "1001").set("CSeq", "102 REGISTER"));
  s.server(sip_answer(s.to_central("REGISTER"), 503, "x").add("Retry-After", "7"));
  CHECK(s.to_phone("REGISTER", 503).get("Retry-After") == "7");
}

TEST_CASE("sip: 503 of one server sends the request to the next, and the last one's is passed") {
  Stand s(Stand::options(2));
  s.phone(s.register_text());
  s.server(sip_answer(s.to_central("REGISTER"), 503, "x"), 0);
  REQUIRE(s.count(true, "REGISTER") == 2);
  const auto both = s.all(true, "REGISTER");
  CHECK(both[1].to.peer.address == Stand::server_address(1));
  CHECK(sip_branch(both[0].m) != sip_branch(both[1].m));
  CHECK(s.count(false, "REGISTER") == 0);
  SUBCASE("taken there") {
    SipText ok = sip_answer(both[1].m, 200, "r");
    s.server(ok.add("Contact", both[1].m.get("Contact") + ";expires=60"), 1);
    CHECK(s.count(false, "REGISTER", 200) == 1);
    CHECK(s.proxy.bindings().size() == 1);
    s.phone(s.from_phone("INVITE"));
    CHECK(s.all(true, "INVITE")[0].to.peer.address == Stand::server_address(1));  // where it is registered
  }
  SUBCASE("nor there") {
    s.server(sip_answer(both[1].m, 503, "x"), 1);
    CHECK(s.count(false, "REGISTER", 503) == 1);
  }
}

TEST_CASE("sip: one request that a server leaves without an answer says nothing of it while it answers others") {
  for (const bool answers_others : {true, false}) {
    CAPTURE(answers_others);
    Stand s;
    s.register_phone();
    s.phone(s.from_phone("MESSAGE"));
    s.advance(20s);
    if (answers_others) s.register_phone(51, "1002");
    s.advance(20s);
    CHECK(s.reported(sip::Event::Kind::server_down) == (answers_others ? 0 : 1));
  }
}

TEST_CASE("sip: a server that is silent for answer_timeout is passed over, and tried again later") {
  Stand s(Stand::options(2));
  s.phone(s.register_text());
  s.advance(3999ms);
  CHECK(s.all(true, "REGISTER").back().to.peer.address == Stand::server_address(0));
  s.advance(1ms);
  CHECK(s.all(true, "REGISTER").back().to.peer.address == Stand::server_address(1));
  CHECK(s.reported(sip::Event::Kind::server_down) == 1);
  const SipText there = s.to_central("REGISTER");
  SipText ok = sip_answer(there, 200, "r");
  s.server(ok.add("Contact", there.get("Contact") + ";expires=3600"), 1);
  CHECK(s.count(false, "REGISTER", 200) == 1);
  // While it rests, the next one is asked at once.
  s.clear();
  s.phone(s.register_text(51, "1002"));
  CHECK(s.all(true, "REGISTER").back().to.peer.address == Stand::server_address(1));
}

TEST_CASE("sip: an answer of the first server after it was given up does no harm") {
  Stand s(Stand::options(2));
  s.register_phone();
  const SipText invite = s.from_phone("INVITE", "1009");
  s.phone(invite);
  const SipText first = s.to_central("INVITE");
  s.advance(4s);
  const SipText second = s.to_central("INVITE");
  REQUIRE(sip_branch(first) != sip_branch(second));
  s.server(sip_answer(first, 486, "late"), 0);
  CHECK(s.count(false, "INVITE", 486) == 0);
  s.server(s.ok_of(second, "b", 1), 1);
  CHECK(s.count(false, "INVITE", 200) == 1);
}

TEST_CASE("sip: with no server up a phone gets 503 and when to come back") {
  Stand s;
  s.proxy.set_server_addresses(0, {});
  s.phone(s.register_text());
  const int after = std::stoi(s.to_phone("REGISTER", 503).get("Retry-After"));
  CHECK(after >= 5);
  CHECK(after <= 30);
  CHECK(s.reported(sip::Event::Kind::no_server) == 1);
}

TEST_CASE("sip: pings show which server is up, and new calls follow") {
  auto o = Stand::options(2);
  o.ping = 30s;
  Stand s(o);
  s.hears = {};
  std::vector<unsigned> alive = {0, 1};
  // Probes of servers are answered by who is alive.
  s.hears = [&](const Stand::Sent& p) {
    return std::ranges::any_of(alive, [&](unsigned n) { return p.to.peer.address == Stand::server_address(n); }) ||
           !s.is_central(p.to);
  };
  s.advance(10s);
  CHECK(s.proxy.parts().servers.all()[0].up);
  alive = {1};
  s.advance(60s);
  CHECK_FALSE(s.proxy.parts().servers.all()[0].up);
  CHECK(s.reported(sip::Event::Kind::server_down) == 1);
  s.phone(s.register_text());
  CHECK(s.all(true, "REGISTER").back().to.peer.address == Stand::server_address(1));
  s.server(sip_answer(s.to_central("REGISTER"), 403, "x"), 1);
  alive = {0, 1};
  s.advance(90s);
  CHECK(s.proxy.parts().servers.all()[0].up);
  CHECK(s.reported(sip::Event::Kind::server_up) == 1);
}

TEST_CASE("sip: pings come as often as set_ping says, until other settings are taken") {
  auto o = Stand::options();
  o.ping = 30s;
  Stand s(o);
  const auto pings_in = [&](Duration time) {
    const std::size_t before = s.probes.size();
    s.advance(time);
    return s.probes.size() - before;
  };
  s.advance(31s);
  CHECK(pings_in(5min) == 10);
  s.proxy.set_ping(5s);
  s.advance(30s);  // the one that was due
  CHECK(pings_in(5min) == 60);
  s.proxy.set_ping(30s);
  s.advance(5s);
  CHECK(pings_in(5min) == 10);
  s.proxy.set_ping(5s);
  REQUIRE(s.proxy.configure(o));
  s.advance(30s);
  CHECK(pings_in(5min) == 10);
  s.proxy.set_ping({});
  s.advance(30s);
  CHECK(pings_in(5min) == 0);
}

TEST_CASE("sip: calls beyond max_calls are 503, and while draining nothing new is taken") {
  auto o = Stand::options();
  o.max_calls = 1;
  Stand s(o);
  const std::string contact = s.register_phone();
  const auto call = s.call_up();
  s.phone(s.from_phone("INVITE"));
  CHECK(s.to_phone("INVITE", 503).has("Retry-After"));
  s.server(s.from_server("INVITE", contact));
  CHECK(s.count(true, "INVITE", 503) == 1);
  s.proxy.drain();
  s.phone(s.register_text(51));
  CHECK(s.count(false, "REGISTER", 503) == 1);
  s.phone(s.within(call.phone_invite, "INFO", call.phone_ok, 1));
  CHECK(s.count(true, "INFO") == 1);  // what runs goes on
}

TEST_CASE("sip: without relay ports a call is refused, and nothing stays") {
  Stand s;
  s.register_phone();
  s.broker.limit = 0;
  const SipText invite = s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
  s.phone(invite);
  CHECK(s.count(false, "INVITE", 500) == 1);
  CHECK(s.to_phone("INVITE", 500).has("Retry-After"));
  CHECK(s.count(true, "INVITE") == 0);
  CHECK(s.reported(sip::Event::Kind::no_media) == 1);
  s.phone(sip_hop(invite, "ACK", s.to_phone("INVITE", 500).get("To")));
  s.advance(5min);
  CHECK(s.proxy.parts().transactions.size() == 0);
  CHECK(s.proxy.parts().dialogs.size() == 0);
}

TEST_CASE("sip: a large request goes by TCP, and by UDP for good once that is refused") {
  Stand s;
  s.register_phone();
  const std::string filler(1300, 'x');
  s.phone(s.from_phone("MESSAGE").with_body("text/plain", filler));
  REQUIRE(s.connects.size() == 1);
  CHECK(s.sent.back().to.transport == sip::Transport::tcp);
  CHECK(s.to_central("MESSAGE").get("Via").starts_with("SIP/2.0/TCP "));
  sip::Output out;
  s.proxy.on_connection_closed(s.now, s.connects[0].id, "connection refused", out);
  s.take(out);
  CHECK(s.sent.back().to.transport == sip::Transport::udp);
  CHECK(s.to_central("MESSAGE").get("Via").starts_with("SIP/2.0/UDP "));
  s.server(sip_answer(s.to_central("MESSAGE"), 200, "x"));
  CHECK(s.count(false, "MESSAGE", 200) == 1);
  CHECK(s.proxy.parts().servers.all()[0].up);
  s.phone(s.from_phone("MESSAGE").with_body("text/plain", filler));
  CHECK(s.connects.size() == 1);
  CHECK(s.sent.back().to.transport == sip::Transport::udp);
}
