#include "sbc/sip/responder.hpp"

#include "tests/unit/sip/sip_parts.hpp"

using namespace dw;
using namespace dw::sip;
using dw::sip::test::Parts;

namespace {

struct ResponderCase : Parts {
  using Parts::Parts;
  Transaction* begin(const std::string& octets, bool emergency = false) {
    const Message& m = read(octets);
    return responder.begin(now, Parts::phone(), Side::access, m,
                           server_key(m, Parts::phone().peer.address, m.method_text()), emergency, out);
  }
  std::string_view last() const { return out.sends.back().octets; }
};

}  // namespace

TEST_CASE("sip responder: what is answered without a transaction has the same To tag each time") {
  ResponderCase c;
  const std::string text = Parts::request("MESSAGE", "sip:2001@192.168.1.2");
  c.responder.answer(c.now, c.read(text), Parts::phone(), 404, c.out);
  c.responder.answer(c.now, c.read(text), Parts::phone(), 404, c.out);
  REQUIRE(c.out.sends.size() == 2);
  CHECK(c.out.sends[0].octets == c.out.sends[1].octets);
  CHECK(c.last().starts_with("SIP/2.0 404 "));
  CHECK(c.counters.refused == 2);
  c.responder.answer(c.now, c.read(Parts::request("ACK", "sip:2001@192.168.1.2")), Parts::phone(), 481, c.out);
  CHECK(c.out.sends.size() == 2);
}

TEST_CASE("sip responder: a full table refuses with 503, but no emergency call") {
  ResponderCase c({.max_transactions = 1});
  REQUIRE(c.begin(Parts::request("INVITE", "sip:2001@192.168.1.2", "X: 1\r\n")));
  std::string other = Parts::request("INVITE", "sip:2001@192.168.1.2");
  other.replace(other.find("z9hG4bKp"), 8, "z9hG4bKq");
  CHECK_FALSE(c.begin(other));
  CHECK(c.last().starts_with("SIP/2.0 503 "));
  Transaction* const t = c.begin(other, true);
  REQUIRE(t);
  CHECK(t->emergency);
}

TEST_CASE("sip responder: a transaction has one final answer, which a repeated request gets again") {
  ResponderCase c;
  const std::string text = Parts::request("MESSAGE", "sip:2001@192.168.1.2");
  Transaction* const t = c.begin(text);
  REQUIRE(t);
  c.responder.refuse(c.now, *t, 480, c.out, "Retry-After: 5\r\n");
  const std::string first(c.last());
  CHECK(first.starts_with("SIP/2.0 480 "));
  CHECK(first.find("Retry-After: 5\r\n") != first.npos);
  c.responder.refuse(c.now, *t, 503, c.out);
  CHECK(c.out.sends.size() == 1);
  c.responder.repeat(c.now, *t, c.read(text), c.out);
  REQUIRE(c.out.sends.size() == 2);
  CHECK(c.last() == first);
  CHECK(c.counters.repeated == 1);
}

TEST_CASE("sip responder: answers that a phone does not hear go to the port of its Via, and people hear of it") {
  ResponderCase c;
  const Flow phone = Parts::udp(Parts::us(), Parts::at(0xC0000209, 40'000));  // a router's; its Via says 5060
  const std::string text = Parts::request("MESSAGE", "sip:2001@192.168.1.2");
  Message m;
  REQUIRE(m.parse(as_bytes(text)));
  Transaction* const t = c.responder.begin(c.now, phone, Side::access, m, "key", false, c.out);
  REQUIRE(t);
  const Endpoint before = t->server.answer_to;
  c.responder.refuse(c.now, *t, 480, c.out);
  for (int i = 0; i < 3; ++i) {
    c.now += std::chrono::seconds(1);
    c.responder.repeat(c.now, *t, m, c.out);
  }
  CHECK(t->server.answer_to != before);
  CHECK(c.out.sends.back().to.peer == t->server.answer_to);
  CHECK(c.events(Event::Kind::unheard) == 1);
}

TEST_CASE("sip responder: an address that may be a forged server's gets a bounded number of answers") {
  ResponderCase c;
  const std::string text = Parts::request("OPTIONS", "sip:2001@192.168.1.2");
  const auto most = static_cast<std::size_t>(CentralBudget::kAnsweredHere * CentralBudget::kBurst);
  for (std::size_t i = 0; i < most + 5; ++i)
    c.responder.answer(c.now, c.read(text), Parts::udp(Parts::central(), Parts::server()), 404, c.out);
  CHECK(c.out.sends.size() == most);
  CHECK(c.responder.central_budget().refused() == 5);
  CHECK(c.responder.takes_central(c.now, Parts::udp(Parts::central(), Parts::server()), 0, c.out));
}
