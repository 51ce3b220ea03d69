// Who counts as a central server, when anybody can write its address into a datagram.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

sip::Flow other_port(std::uint16_t port = 33333) {
  sip::Flow flow = Stand::server_flow();
  flow.peer.port = port;
  return flow;
}

std::string without_token(const std::string& contact) {
  return contact.substr(0, contact.find(";dw="));
}

/// REGISTER of the phone, and an answer that has `contact` as the server lists it; empty: it lists none.
void register_listed(Stand& s, const std::string& contact) {
  s.phone(s.register_text());
  SipText ok = sip_answer(s.to_central("REGISTER"), 200, "r");
  if (!contact.empty()) ok.add("Contact", contact);
  s.server(ok.add("Expires", "3600"));
  s.advance(1ms);
  s.clear();
}

}  // namespace

TEST_CASE("sip: a datagram from another port of a server's address reaches no phone, and brings no ban") {
  Stand s;
  const std::string contact = s.register_phone();
  for (const char* const method : {"INVITE", "NOTIFY", "MESSAGE", "OPTIONS", "REGISTER", "BYE"}) {
    for (const std::string& uri : {contact, without_token(contact), std::string("sip:203.0.113.10")}) {
      for (int i = 0; i < 5; ++i)
        s.say(other_port(), s.from_server(method, uri));
    }
  }
  s.say(other_port(), std::string("GET / HTTP/1.1\r\n\r\n"));
  CHECK(s.sent.empty());
  CHECK(s.proxy.parts().counters.other_port == 91);
  CHECK(s.reported(sip::Event::Kind::abuse) == 0);
  CHECK(s.proxy.sources().guard().bans(s.now).empty());
  const auto reported = s.reported(sip::Event::Kind::dropped);
  CHECK(reported > 0);
  CHECK(reported <= 10);
  s.server(s.from_server("INVITE", contact));
  CHECK(s.count(false, "INVITE") == 1);
}

TEST_CASE("sip: within a dialog too, a server speaks from its own port") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  s.say(other_port(), s.back(call.invite, "BYE", "callee", 1));
  CHECK(s.count(false, "BYE") == 0);
  s.server(s.back(call.invite, "BYE", "callee", 1));
  CHECK(s.count(false, "BYE") == 1);
}

TEST_CASE("sip: an answer may come from another port of the server that was asked, at any rate") {
  Stand s;
  s.register_phone();
  for (int i = 0; i < 2000; ++i)
    s.say(other_port(), std::string("SIP/2.0 200 OK\r\n\r\n"));
  s.phone(s.from_phone("INVITE"));
  s.say(other_port(), s.ok_of(s.to_central("INVITE"), "callee"));
  CHECK(s.count(false, "INVITE", 200) == 1);
  CHECK(s.proxy.sources().guard().bans(s.now).empty());
}

TEST_CASE("sip: a connection from a server's address is the server's, from any port") {
  Stand s;
  const std::string contact = s.register_phone();
  sip::Flow in = other_port();
  in.transport = sip::Transport::tcp;
  in.connection = s.proxy.on_accepted(s.now, in.peer, in.local);
  s.say(in, s.from_server("INVITE", without_token(contact)));
  CHECK(s.count(false, "INVITE") == 1);
}

TEST_CASE("sip: a trusted address may send from any port, and needs the token as every server does") {
  auto options = Stand::options();
  options.trusted = {Stand::server_address(5)};
  Stand s(options);
  const std::string contact = s.register_phone();
  sip::Flow flow = other_port();
  flow.peer.address = Stand::server_address(5);
  s.say(flow, s.from_server("INVITE", without_token(contact), 5));
  CHECK(s.count(true, "INVITE", 404) == 1);
  s.say(flow, s.from_server("INVITE", contact, 5));
  CHECK(s.count(false, "INVITE") == 1);
}

TEST_CASE("sip: by UDP a user alone reaches no phone whose server keeps our token") {
  Stand s;
  const std::string contact = s.register_phone();
  s.server(s.from_server("INVITE", without_token(contact)));
  s.server(s.from_server("NOTIFY", without_token(contact)));
  CHECK(s.count(true, "INVITE", 404) == 1);
  CHECK(s.count(false, "NOTIFY") == 0);
}

TEST_CASE("sip: a user alone is enough where the server's answer has no token, until it sends one") {
  for (const char* const listed : {"<sip:1001@203.0.113.10>;expires=3600", ""}) {
    CAPTURE(listed);
    Stand s;
    register_listed(s, listed);
    const std::string bare = "sip:1001@203.0.113.10";
    s.server(s.from_server("INVITE", bare));
    CHECK(s.count(false, "INVITE") == 1);
    std::string token;
    s.proxy.bindings().for_each([&](const sip::Binding& b) { token = b.token; });
    s.server(s.from_server("INVITE", bare + ";dw=" + token));
    CHECK(s.count(false, "INVITE") == 2);
    s.server(s.from_server("INVITE", bare));
    CHECK(s.count(false, "INVITE") == 2);
  }
}

TEST_CASE("sip: whoever forges a server's address and port is answered so often a second, and holds up no call") {
  Stand s;
  const std::string contact = s.register_phone();
  const std::size_t before = s.proxy.parts().transactions.size();
  for (int i = 0; i < 20'000; ++i)
    s.server(
        s.from_server(i % 2 == 0 ? "OPTIONS" : "INVITE", i % 2 == 0 ? "sip:203.0.113.10" : without_token(contact)));
  constexpr auto kAtOnce = static_cast<std::size_t>(sip::CentralBudget::kBurst * sip::CentralBudget::kAnsweredHere);
  CHECK(s.sent.size() == kAtOnce);
  CHECK(s.proxy.parts().responder.central_budget().refused() == 20'000 - kAtOnce);
  CHECK(s.proxy.parts().transactions.size() == before);
  s.clear();
  s.server(s.from_server("INVITE", contact));
  CHECK(s.count(false, "INVITE") == 1);
  // The answers that we wait for don't count.
  s.phone(s.from_phone("INVITE"));
  s.server(s.ok_of(s.to_central("INVITE"), "callee"));
  CHECK(s.count(false, "INVITE", 200) == 1);
}

TEST_CASE("sip: one server's flood leaves the others' budgets alone") {
  Stand s(Stand::options(2));
  const std::string contact = s.register_phone();
  for (int i = 0; i < 30'000; ++i)
    s.server(s.from_server("MESSAGE", contact));
  CHECK(s.proxy.parts().responder.central_budget().refused() > 0);
  s.clear();
  s.server(s.from_server("INVITE", "sip:203.0.113.10", 1), 1);
  CHECK(s.count(true, "INVITE", 404) == 1);
  s.advance(40s);
  s.server(s.from_server("INVITE", contact));
  CHECK(s.count(false, "INVITE") == 1);
}
