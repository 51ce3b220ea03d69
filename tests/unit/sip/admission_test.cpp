#include "sbc/sip/admission.hpp"

#include "tests/unit/sip/sip_parts.hpp"

using namespace dw;
using namespace dw::sip;
using dw::sip::test::Parts;

namespace {

struct AdmissionCase : Parts {
  using Parts::Parts;
  bool passes(const std::string& octets, Side side = Side::access) {
    return admission.may_pass(now,
                              side == Side::access ? Parts::phone() : Parts::udp(Parts::central(), Parts::server()),
                              side, read(octets), out);
  }
  bool begins(const std::string& octets, const Binding* binding = nullptr) {
    const Message& m = read(octets);
    return admission.may_begin(now, Parts::phone(), m, binding, nullptr, is_emergency_call(m, options.emergency), out);
  }
  unsigned status() const {
    return out.sends.empty() ? 0 : static_cast<unsigned>(std::stoi(out.sends.back().octets.substr(8, 3)));
  }
};

std::string invite_to(const std::string& uri) {
  return Parts::request("INVITE", uri);
}

}  // namespace

TEST_CASE("sip admission: OPTIONS for ourselves is answered here, one without hops left is refused") {
  AdmissionCase c;
  c.bind("t", "1001");
  CHECK_FALSE(c.passes(Parts::request("OPTIONS", "sip:192.168.1.2")));
  CHECK(c.status() == 200);
  CHECK_FALSE(c.passes(Parts::request("MESSAGE", "sip:2001@192.168.1.2", "Max-Forwards: 0\r\n")));
  CHECK(c.status() == 483);
  CHECK_FALSE(c.passes(Parts::request("MESSAGE", "sip:2001@192.168.1.2", "Max-Breadth: 0\r\n")));
  CHECK(c.status() == 440);
  CHECK(c.passes(Parts::request("MESSAGE", "sip:2001@192.168.1.2", "Max-Forwards: 70\r\n")));
}

TEST_CASE("sip admission: a stranger's OPTIONS and its malformed request get no answer where strangers may not call") {
  AdmissionCase c({.unregistered_calls = false});
  CHECK_FALSE(c.passes(Parts::request("OPTIONS", "sip:2001@192.168.1.2")));
  CHECK_FALSE(c.passes(Parts::request("MESSAGE", "sip:2001@192.168.1.2", "Proxy-Require: x\r\n")));
  CHECK(c.out.sends.empty());
  CHECK(c.events(Event::Kind::abuse) == 2);
  c.bind("t", "1001");
  CHECK_FALSE(c.passes(Parts::request("MESSAGE", "sip:2001@192.168.1.2", "Proxy-Require: x\r\n")));
  CHECK(c.status() == 420);
}

TEST_CASE("sip admission: nobody calls while we stop, and no more than may; an emergency call always does") {
  AdmissionCase c({.max_calls = 1, .emergency = {"112"}});
  c.bind("t", "1001");
  CHECK(c.begins(invite_to("sip:2001@192.168.1.2")));
  DialogSet& set = *c.dialogs.begin("other", "a", Side::access);
  set.method = Method::invite;
  c.calls.begin(c.now, set);
  CHECK_FALSE(c.begins(invite_to("sip:2001@192.168.1.2")));
  CHECK(c.status() == 503);
  CHECK(c.events(Event::Kind::dropped) == 1);
  CHECK_FALSE(c.admission.may_ring(c.now, Parts::udp(Parts::central(), Parts::server()),
                                   c.read(invite_to("sip:1001@203.0.113.10")), c.out));
  CHECK(c.status() == 503);
  c.admission.drain();
  CHECK_FALSE(c.begins(Parts::request("MESSAGE", "sip:2001@192.168.1.2")));
  CHECK_FALSE(c.admission.may_ring(c.now, Parts::udp(Parts::central(), Parts::server()),
                                   c.read(invite_to("sip:1001@203.0.113.10")), c.out));
  CHECK(c.status() == 480);
  CHECK(c.begins(invite_to("sip:112@192.168.1.2")));
}

TEST_CASE("sip admission: a line that calls too often is refused, and people hear which limit it was") {
  AdmissionCase c({.call_limits = {.attempts_per_phone = 1}});
  const Binding& b = c.bind("t", "1001");
  int passed = 0;
  while (passed < 100 && c.begins(invite_to("sip:2001@192.168.1.2"), &b))
    ++passed;
  REQUIRE(passed < 100);
  CHECK(c.status() == 503);
  REQUIRE(c.events(Event::Kind::call_refused) == 1);
  CHECK(c.out.events.back().aor == "1001");
  CHECK(c.out.events.back().text.starts_with("access.sip."));
}

TEST_CASE("sip admission: an emergency call is known by its number or by its service") {
  const std::vector<std::string> numbers{"112"};
  Parts p;
  CHECK(is_emergency_call(p.read(invite_to("sip:112@pbx.example.net")), numbers));
  CHECK(is_emergency_call(p.read(invite_to("tel:112;phone-context=x")), numbers));
  CHECK(is_emergency_call(p.read(invite_to("urn:service:sos.fire")), numbers));
  CHECK_FALSE(is_emergency_call(p.read(invite_to("urn:service:sosx")), numbers));
  CHECK_FALSE(is_emergency_call(p.read(invite_to("sip:1120@pbx.example.net")), numbers));
  CHECK_FALSE(is_emergency_call(p.read(Parts::request("MESSAGE", "sip:112@pbx.example.net")), numbers));
}
