// SIP phones: lines that come and go each by itself, whose step it is that names no device, and the story.
#include <doctest/doctest.h>

#include "sbc/phones/sip_lines.hpp"
#include "tests/unit/doctor/found.hpp"

using namespace dw;
using namespace dw::test;

TEST_CASE("a SIP phone that registers shows where and how, from what it says of itself") {
  SipReplay r = healthy_sip();
  const Phone& phone = r.phone();
  CHECK(phone.registered);
  CHECK(phone.protocol == Protocol::sip);
  CHECK(phone.server == "pbx.example.net:5060");
  CHECK(phone.transport == "udp");
  CHECK(phone.user_agent == "Cisco-CP7975G/9.3.1");
  CHECK(phone.model == "7975");
  CHECK(phone.firmware == "9.3.1");
  CHECK(r.lines() == "1001");
  CHECK(r.last_sentence() == "registration: registered line 1001 with pbx.example.net:5060 by UDP");
  CHECK(codes_of(r) == "");
}

TEST_CASE("a stranger who says a SIP phone's name leaves one line in its story and no finding") {
  for (const Event event : {Event::refused, Event::bad_password, Event::unheard, Event::phone_lost}) {
    CAPTURE(to_string(event));
    SipReplay r = healthy_sip();
    const std::size_t steps = r.phone().steps.size();
    SignallingStep stranger = r.signal(event, "1001", "no", 403);
    stranger.peer = {ip("198.51.100.66"), 5060};
    stranger.user_agent = "friendly-scanner";
    for (int i = 0; i < 50; ++i) {
      stranger.aor = std::to_string(1000 + i);
      r.inventory.on_signalling(stranger);
    }
    CHECK(r.phone().registered);
    CHECK(r.phone().address == ip("192.0.2.7"));
    CHECK(r.phone().steps.size() == steps + 1);
    CHECK(r.phone().user_agent == "Cisco-CP7975G/9.3.1");
    r.wait(10min);
    CHECK(codes_of(r) == "");
  }
}

TEST_CASE("phones of other makers share the record of their address, and no phone that boots takes it over") {
  SipReplay r;
  r.device.clear();
  r.user_agent = "Example SIP-T46/66.85";
  r.says(Event::registered, "2001").says(Event::registered, "2002");
  CHECK(r.lines(r.address) == "2001 2002");
  CHECK(codes_of(r, r.address) == "");
  CHECK(r.last_sentence(r.address) == "registration: registered line 2002 with pbx.example.net:5060 by UDP");
  r.boot(kBootB);
  CHECK(r.inventory.size() == 2);
  r.says(Event::phone_lost, "2001");
  CHECK(r.lines(r.address) == "2002");
  CHECK(r.phone(r.address).registered);
}

TEST_CASE("a phone that changes its protocol leaves nothing of the other one behind") {
  SipReplay r = healthy_sip();
  SignallingStep sccp = r.signal(Event::registered, "");
  sccp.protocol = Protocol::sccp;
  sccp.transport.clear();
  sccp.user_agent.clear();
  r.inventory.on_signalling(sccp);
  sccp.event = Event::lines;
  sccp.lines = {"77"};
  r.inventory.on_signalling(sccp);
  CHECK(r.phone().sip_lines.empty());
  CHECK(r.lines() == "77");
  CHECK(r.phone().transport.empty());
  sccp.event = Event::phone_lost;
  r.inventory.on_signalling(sccp);
  CHECK_FALSE(r.phone().registered);
  r.says(Event::registered, "1001");
  CHECK(r.lines() == "1001");
  CHECK(r.phone().protocol == Protocol::sip);
  CHECK(codes_of(r) == "");
}
