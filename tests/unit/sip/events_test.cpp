#include "sbc/sip/events.hpp"

#include "tests/unit/sip/sip_parts.hpp"

using namespace dw;
using namespace dw::sip;
using dw::sip::test::Parts;

TEST_CASE("sip events: an alarm is read from the Reason of a REGISTER and from the XML of a REFER, bounded") {
  Parts p;
  const Binding& b = p.bind("t", "1001");
  const auto reason = alarm_event(
      Parts::phone(),
      p.read(Parts::request("REGISTER", "sip:192.168.1.2", "Reason: SIP;text=\"cisco-alarm:14 Name=X\"\r\n")), nullptr);
  REQUIRE(reason);
  CHECK(reason->kind == Event::Kind::alarm);
  CHECK(reason->text == "cisco-alarm:14 Name=X");
  CHECK(reason->aor == "1001");
  const auto xml =
      alarm_event(Parts::phone(),
                  p.read(Parts::request("REFER", "sip:192.168.1.2", "Content-Type: application/x-cisco-alarm+xml\r\n",
                                        "<String name=\"ReasonForOutOfService\">25</String>")),
                  &b);
  REQUIRE(xml);
  CHECK(xml->text == "out of service, reason 25");
  CHECK(xml->aor == "1001");
  CHECK_FALSE(alarm_event(Parts::phone(), p.read(Parts::request("REGISTER", "sip:192.168.1.2")), nullptr));
  CHECK_FALSE(alarm_event(Parts::phone(), p.read(Parts::request("REFER", "sip:192.168.1.2")), nullptr));
  const auto longest = alarm_event(
      Parts::phone(),
      p.read(Parts::request("REGISTER", "sip:192.168.1.2", "Reason: cisco-alarm" + std::string(1000, 'x') + "\r\n")),
      nullptr);
  REQUIRE(longest);
  CHECK(longest->text.size() == 160);
}

TEST_CASE("sip events: who did not hear us is the registered phone only if the request names its user") {
  Parts p;
  Binding& b = p.bind("t", "1001");
  b.device = "SEP001122334455";
  const std::string text = Parts::request("INVITE", "sip:2001@192.168.1.2");
  CHECK(unheard_event(Parts::phone(), p.read(text), &b, "why").device == "SEP001122334455");
  b.user = "1002";
  const Event other = unheard_event(Parts::phone(), p.read(text), &b, "why");
  CHECK(other.device.empty());
  CHECK(other.aor == "1001");
  CHECK(other.text == "why");
}

TEST_CASE("sip events: a message is reported as too large by UDP alone") {
  Parts p;
  note_size(Parts::phone(), "200", kMaxPhoneOctets, p.out);
  note_size({Transport::tcp, Parts::us(), Parts::phone().peer, ConnectionId{1}}, "200", kMaxPhoneOctets + 1, p.out);
  CHECK(p.events(Event::Kind::large) == 0);
  note_size(Parts::phone(), "200", kMaxPhoneOctets + 1, p.out);
  REQUIRE(p.events(Event::Kind::large) == 1);
  CHECK(p.out.events.back().text == "200 of 3073 bytes");
}
