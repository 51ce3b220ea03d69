#include "tests/sim/sip/stand.hpp"

// A phone is asked to start over by a NOTIFY of ours (cisco-provisioning §5.4).
using namespace dw;
using namespace dw::sim;

namespace {

/// The first binding there is.
const sip::Binding& binding_of(Stand& stand) {
  const sip::Binding* found = nullptr;
  stand.proxy.bindings().for_each([&](const sip::Binding& b) { found = &b; });
  REQUIRE(found);
  return *found;
}

std::optional<std::uint64_t> ask(Stand& stand, bool boot) {
  sip::Output out;
  const auto request = stand.proxy.ask_to_start_over(stand.now, binding_of(stand), boot, out);
  stand.take(out);
  return request;
}

const sip::Event& answered(const Stand& stand) {
  const auto found = std::ranges::find(stand.events, sip::Event::Kind::asked, &sip::Event::kind);
  REQUIRE(found != stand.events.end());
  return *found;
}

}  // namespace

TEST_CASE("start over: a Cisco phone is asked by service-control, with the Call-ID of its registration") {
  Stand stand;
  stand.register_phone();
  const auto request = ask(stand, false);
  REQUIRE(request);
  const SipText notify = stand.to_phone("NOTIFY");
  CHECK(notify.get("Event") == "service-control");
  CHECK(notify.get("Subscription-State") == "active");
  CHECK(notify.get("Content-Type") == "text/plain");
  CHECK(notify.body.starts_with("action=restart\r\nRegisterCallId={reg-501001@phone}\r\n"));
  CHECK(notify.first == "NOTIFY sip:1001@192.168.1.50:5060;transport=udp SIP/2.0");
  CHECK(notify.get("Via").find("192.168.1.2") != std::string::npos);
  CHECK(stand.count(true, "NOTIFY") == 0);
  stand.phone(sip_answer(notify, 200, "phonetag"));
  CHECK(answered(stand).request == *request);
  CHECK(answered(stand).status == 200);
  stand.clear();
  stand.advance(60s);
  CHECK(stand.count(false, "NOTIFY") == 0);
  CHECK(stand.reported(sip::Event::Kind::asked) == 0);

  REQUIRE(ask(stand, true));
  CHECK(stand.to_phone("NOTIFY").body.starts_with("action=reset\r\n"));
}

TEST_CASE("start over: 7940 and 7960 know check-sync alone, others its reboot parameter") {
  for (const auto& [model, agent, boot, event] : {std::tuple{"7", "Cisco-CP7960G/8.0", true, "check-sync"},
                                                  {"", "Cisco-CP7940G/8.0", false, "check-sync"},
                                                  {"", "baresip v1.0.0", true, "check-sync;reboot=true"},
                                                  {"", "baresip v1.0.0", false, "check-sync;reboot=false"}}) {
    CAPTURE(agent);
    Stand stand;
    SipText text = stand.register_text();
    const std::string reported = *model == '\0' ? "" : ";+u.sip!model.ccm.cisco.com=\"" + std::string(model) + "\"";
    text.set("Contact", "<sip:1001@192.168.1.50:5060>" + reported);
    text.add("User-Agent", agent);
    stand.phone(text);
    stand.accept_register();
    REQUIRE(ask(stand, boot));
    const SipText notify = stand.to_phone("NOTIFY");
    CHECK(notify.get("Event") == event);
    CHECK(notify.body.empty());
  }
}

TEST_CASE("start over: it is sent again until there is an answer, and silence is reported") {
  Stand stand;
  stand.register_phone();
  const TimePoint began = stand.now;
  const auto request = ask(stand, false);
  stand.advance(9s);
  CHECK(stand.times(false, "NOTIFY", began) == std::vector<long>{0, 500, 1500, 3500, 7500});
  CHECK(stand.reported(sip::Event::Kind::asked) == 0);
  stand.advance(2s);
  CHECK(answered(stand).request == *request);
  CHECK(answered(stand).status == 0);
}

TEST_CASE("start over: a refusal is reported; an answer from elsewhere is none") {
  Stand stand;
  stand.register_phone();
  REQUIRE(ask(stand, false));
  const SipText notify = stand.to_phone("NOTIFY");
  stand.say(Stand::phone_flow(51), sip_answer(notify, 200, "othertag"));
  CHECK(stand.reported(sip::Event::Kind::asked) == 0);
  stand.phone(sip_answer(notify, 489, "phonetag"));
  CHECK(answered(stand).status == 489);
}
