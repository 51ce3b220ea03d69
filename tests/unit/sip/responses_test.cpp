#include "sbc/sip/responses.hpp"

#include "tests/unit/sip/sip_ways.hpp"

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;
using dw::sip::test::Parts;
using dw::sip::test::Ways;

namespace {

struct CallingCase : Ways {
  CallingCase() {
    bind("t", "1001");
    phone_says(
        Parts::request("INVITE", "sip:2001@192.168.1.2", "Contact: <sip:1001@192.168.1.50>\r\nMax-Forwards: 70\r\n"));
  }
  std::string to_phone() const { return last(Parts::phone().peer); }
  static constexpr std::string_view kContact = "Contact: <sip:2001@203.0.113.99>\r\n";
};

}  // namespace

TEST_CASE("sip responses: what answers nothing that we asked is dropped, also with the branch and another method") {
  CallingCase c;
  const auto sent = c.out.sends.size();
  c.responses.on_response(c.now, Ways::server_flow(), c.read(Parts::response(200, "INVITE")), c.out);
  c.server_answers(200, "MESSAGE");
  CHECK(c.out.sends.size() == sent);
  CHECK(c.counters.dropped == 2);
  CHECK(c.events(Event::Kind::call_up) == 0);
}

TEST_CASE("sip responses: 180 rings, 200 brings the call up, and the phone gets both with our Contact") {
  CallingCase c;
  c.server_answers(180, "INVITE", CallingCase::kContact);
  CHECK(Ways::is(c.to_phone(), "SIP/2.0 180 "));
  CHECK(c.calls.running(c.now).front().state == "ringing");
  c.server_answers(200, "INVITE", CallingCase::kContact);
  CHECK(Ways::is(c.to_phone(), "SIP/2.0 200 "));
  CHECK(c.to_phone().find("203.0.113") == std::string::npos);
  CHECK(c.events(Event::Kind::call_up) == 1);
  const auto running = c.calls.running(c.now);
  REQUIRE(running.size() == 1);
  CHECK(running.front().answered);
}

TEST_CASE("sip responses: a refusal ends the call, and we send the ACK each time that it comes") {
  CallingCase c;
  Transaction& t = c.asked(Parts::server());
  c.server_answers(486, "INVITE");
  CHECK(Ways::is(c.to_phone(), "SIP/2.0 486 "));
  CHECK(Ways::is(c.last(Parts::server()), "ACK "));
  CHECK(t.server.status == 486);
  const auto sent = c.out.sends.size();
  c.server_answers(486, "INVITE");
  CHECK(c.out.sends.size() == sent + 1);
  CHECK(Ways::is(c.out.sends.back().octets, "ACK "));
  CHECK(c.dialogs.calls() == 0);
  CHECK(c.events(Event::Kind::call_over) == 1);
}

TEST_CASE("sip responses: a 200 after the caller was refused is acknowledged and hung up") {
  CallingCase c;
  Transaction& t = c.asked(Parts::server());
  c.responder.refuse(c.now, t, 408, c.out);
  const std::string before = c.to_phone();
  c.server_answers(200, "INVITE", CallingCase::kContact);
  CHECK(c.to_phone() == before);
  CHECK(Ways::is(c.last(Parts::server()), "BYE sip:2001@203.0.113.99 "));
  CHECK(Ways::is(c.out.sends[c.out.sends.size() - 2].octets, "ACK sip:2001@203.0.113.99 "));
  CHECK(c.events(Event::Kind::call_up) == 0);
}

TEST_CASE("sip responses: a server's 503 to what is no registration reaches the phone as 500") {
  Ways w({.servers = {{Transport::udp, {"a.example.net", 0}, {}, false}}});
  w.servers.set_addresses(0, {{Parts::server(), Parts::central()}});
  w.bind("t", "1001");
  w.phone_says(Parts::request("MESSAGE", "sip:2001@192.168.1.2", "Max-Forwards: 70\r\n"));
  w.server_answers(503, "MESSAGE");
  CHECK(Ways::is(w.last(Parts::phone().peer), "SIP/2.0 500 "));
}
