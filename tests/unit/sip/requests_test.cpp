#include "tests/unit/sip/sip_ways.hpp"

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;
using dw::sip::test::Parts;
using dw::sip::test::Ways;

namespace {

std::string phone_invite() {
  return Parts::request("INVITE", "sip:2001@192.168.1.2", "Contact: <sip:1001@192.168.1.50>\r\nMax-Forwards: 70\r\n");
}
std::string phone_register(std::string_view lines = {}) {
  return Parts::request("REGISTER", "sip:192.168.1.2",
                        "Contact: <sip:1001@192.168.1.50>\r\nExpires: 3600\r\n" + std::string(lines));
}

}  // namespace

TEST_CASE("sip phone requests: an INVITE begins a dialog set, hears 100, and goes to the server") {
  Ways w;
  w.bind("t", "1001");
  w.phone_says(phone_invite());
  CHECK(Ways::is(w.last(Parts::phone().peer), "SIP/2.0 100 "));
  CHECK(Ways::is(w.last(Parts::server()), "INVITE sip:2001@pbx.example.net"));
  REQUIRE(w.dialogs.size() == 1);
  const Transaction& t = w.asked(Parts::server());
  CHECK(t.begins_dialogs);
  CHECK(w.dialogs.by_id(t.dialogs)->device.empty());
  CHECK(w.dialogs.by_id(t.dialogs)->aor == "1001");
  CHECK(w.dialogs.calls() == 1);
}

TEST_CASE("sip phone requests: the same INVITE by another way is merged, a request of no dialog is 481") {
  Ways w;
  w.bind("t", "1001");
  w.phone_says(phone_invite());
  std::string again = phone_invite();
  again.replace(again.find("z9hG4bKp"), 8, "z9hG4bKq");
  w.phone_says(again);
  CHECK(Ways::is(w.last(Parts::phone().peer), "SIP/2.0 482 "));
  std::string bye = Parts::request("BYE", "sip:2001@192.168.1.2");
  bye.replace(bye.find("To: <sip:2001@192.168.1.2>"), 26, "To: <sip:2001@192.168.1.2>;tag=x");
  bye.replace(bye.find("Call-ID: c"), 10, "Call-ID: none");
  w.phone_says(bye);
  CHECK(Ways::is(w.last(Parts::phone().peer), "SIP/2.0 481 "));
  CHECK(w.dialogs.size() == 1);
}

TEST_CASE("sip phone requests: a REGISTER goes to its home's server with a Contact of ours, and is bound by its 200") {
  Ways w;
  w.phone_says(phone_register());
  const std::string sent = w.last(Parts::server());
  CHECK(Ways::is(sent, "REGISTER sip:pbx.example.net "));
  const std::string token = w.asked(Parts::server()).registering->contacts.front().token;
  CHECK(sent.find("<sip:1001@203.0.113.10;dw=" + token + ">") != sent.npos);
  w.server_answers(200, "REGISTER", "Contact: <sip:1001@203.0.113.10;dw=" + token + ">;expires=120\r\n");
  CHECK(w.bindings.size() == 1);
  const std::string answer = w.last(Parts::phone().peer);
  CHECK(Ways::is(answer, "SIP/2.0 200 "));
  CHECK(answer.find("Contact: <sip:1001@192.168.1.50>;expires=120") != answer.npos);
}

TEST_CASE("sip phone requests: an alarm of a REGISTER is reported, a malformed one is 400 and abuse") {
  Ways w;
  w.phone_says(phone_register("Reason: SIP;text=\"cisco-alarm:1\"\r\n"));
  CHECK(w.events(Event::Kind::alarm) == 1);
  w.phone_says(Parts::request("REGISTER", "sip:192.168.1.2", "Contact: <<<\r\n"));
  CHECK(Ways::is(w.last(Parts::phone().peer), "SIP/2.0 400 "));
  CHECK(w.events(Event::Kind::abuse) == 1);
}

TEST_CASE("sip central requests: an INVITE reaches the phone of its token, one for nobody is 404") {
  Ways w;
  w.bind("token", "1001");
  w.server_says(Parts::request("INVITE", "sip:1001@203.0.113.10;dw=token", "Max-Forwards: 70\r\n"));
  CHECK(Ways::is(w.last(Parts::server()), "SIP/2.0 100 "));
  CHECK(Ways::is(w.last(Parts::phone().peer), "INVITE sip:1001@192.168.1.50 "));
  CHECK(w.dialogs.calls() == 1);
  w.server_says(Parts::request("MESSAGE", "sip:1001@203.0.113.10;dw=other"));
  CHECK(Ways::is(w.last(Parts::server()), "SIP/2.0 404 "));
}

TEST_CASE("sip forwarder: a CANCEL is answered here, and ours goes once the server has said something") {
  Ways w;
  w.bind("t", "1001");
  w.phone_says(phone_invite());
  w.forwarder.cancel(w.now, Parts::phone(), w.read(Parts::request("CANCEL", "sip:2001@192.168.1.2")), w.out);
  CHECK(Ways::is(w.last(Parts::phone().peer), "SIP/2.0 200 "));
  CHECK(Ways::is(w.last(Parts::server()), "INVITE "));
  w.server_answers(180, "INVITE");
  CHECK(Ways::is(w.last(Parts::server()), "CANCEL "));
}

TEST_CASE("sip forwarder: a request that is too large for a datagram takes TCP, and UDP where its server takes none") {
  Ways w;
  w.bind("t", "1001");
  w.phone_says(Parts::request("MESSAGE", "sip:2001@192.168.1.2", "Max-Forwards: 70\r\n", std::string(1500, 'x')));
  REQUIRE(w.out.connects.size() == 1);
  CHECK(w.out.sends.back().to.transport == Transport::tcp);
  w.failures.on_connection_closed(w.now, w.out.connects.front().id, "refused", w.out);
  CHECK(w.servers[0].no_tcp);
  CHECK(w.servers[0].up);
  CHECK(w.out.sends.back().to.transport == Transport::udp);
  CHECK(Ways::is(w.last(Parts::server()), "MESSAGE "));
}

TEST_CASE("sip forwarder: an ACK of no dialog goes nowhere") {
  Ways w;
  w.forwarder.ack(w.now, Parts::phone(), Side::access, w.read(Parts::request("ACK", "sip:2001@192.168.1.2")), w.out);
  CHECK(w.out.sends.empty());
  CHECK(w.counters.dropped == 1);
}
