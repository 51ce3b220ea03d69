#include "sbc/sip/failures.hpp"

#include "tests/unit/sip/sip_ways.hpp"

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;
using dw::sip::test::Parts;
using dw::sip::test::Ways;

namespace {

/// Two servers of one address each; a registered phone has asked the first one something.
struct FailureCase : Ways {
  explicit FailureCase(std::string_view method = "INVITE")
      : Ways({.servers = {{Transport::udp, {"a.example.net", 0}, {}, false},
                          {Transport::udp, {"b.example.net", 0}, {}, false}}}) {
    servers.set_addresses(0, {{Parts::server(), Parts::central()}});
    servers.set_addresses(1, {{Parts::server(1), Parts::central()}});
    bind("t", "1001");
    phone_says(Parts::request(method, "sip:2001@192.168.1.2", "Max-Forwards: 70\r\n"));
  }
  void time_out() {
    now += 5s;
    while (const auto due = transactions.on_deadline(now, out))
      failures.on_timeout(now, *due->first, due->second, out);
  }
  std::string to_phone() const { return last(Parts::phone().peer); }
};

}  // namespace

TEST_CASE("sip failures: a silent server's request goes to the next one, and is 503 when none is left") {
  FailureCase c;
  c.time_out();
  CHECK(Ways::is(c.last(Parts::server(1)), "INVITE "));
  CHECK_FALSE(c.servers[0].up);
  CHECK(c.counters.fail_overs == 1);
  c.time_out();
  CHECK(Ways::is(c.to_phone(), "SIP/2.0 503 "));
  CHECK(c.to_phone().find("\r\nRetry-After: ") != std::string::npos);
  CHECK(c.events(Event::Kind::no_server) == 1);
  CHECK(c.dialogs.calls() == 0);
}

TEST_CASE("sip failures: a 503 goes to the next server, any other refusal to the phone") {
  FailureCase c;
  c.server_answers(503, "INVITE");
  CHECK(Ways::is(c.last(Parts::server(1)), "INVITE "));
  FailureCase other;
  other.server_answers(404, "INVITE");
  CHECK(Ways::is(other.to_phone(), "SIP/2.0 404 "));
  CHECK(other.last(Parts::server(1)).empty());
  CHECK(Ways::is(other.last(Parts::server()), "ACK "));
}

TEST_CASE("sip failures: ICMP ends the transaction whose branch it quotes, any other makes us ask the server") {
  FailureCase c("MESSAGE");
  const std::string sent = c.last(Parts::server());
  c.failures.on_undelivered(c.now, Parts::server(),
                            as_bytes("MESSAGE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=forged;a"), "port unreachable",
                            c.out);
  CHECK(c.last(Parts::server(1)).empty());
  CHECK(c.servers[0].up);
  c.servers[0].next_ping = TimePoint::max();
  c.failures.on_undelivered(c.now, Parts::server(), as_bytes("MESSAGE "), "port unreachable", c.out);
  CHECK(c.servers[0].next_ping == c.now);
  c.failures.on_undelivered(c.now, Parts::server(), as_bytes(sent), "port unreachable", c.out);
  CHECK(Ways::is(c.last(Parts::server(1)), "MESSAGE "));
  CHECK_FALSE(c.servers[0].up);
  CHECK(c.counters.undelivered == 3);
}

TEST_CASE("sip failures: a phone that ICMP says is gone answers its caller 480, and is asked whether it is there") {
  Ways w;
  Binding& b = w.bind("token", "1001");
  b.next_keepalive = TimePoint::max();
  w.server_says(Parts::request("INVITE", "sip:1001@203.0.113.10;dw=token", "Max-Forwards: 70\r\n"));
  w.failures.on_undelivered(w.now, Parts::phone().peer, as_bytes(w.last(Parts::phone().peer)), "host unreachable",
                            w.out);
  CHECK(Ways::is(w.last(Parts::server()), "SIP/2.0 480 "));
  CHECK(b.next_keepalive == w.now);
  CHECK(w.bindings.size() == 1);
  CHECK(w.dialogs.calls() == 0);
}

TEST_CASE("sip failures: a phone whose connection is closed is reported, and its call is refused") {
  Ways w;
  const ConnectionId id = w.connections.accepted(w.now, Side::access, 0, Parts::phone().peer, Parts::us());
  Binding b = Parts::binding("token", "1001");
  b.reach.flow = {Transport::tcp, Parts::us(), Parts::phone().peer, id};
  REQUIRE(w.bindings.add(b));
  w.server_says(Parts::request("INVITE", "sip:1001@203.0.113.10;dw=token", "Max-Forwards: 70\r\n"));
  REQUIRE(Ways::is(w.last(Parts::phone().peer), "INVITE "));
  w.failures.on_connection_closed(w.now, id, "it hung up", w.out);
  CHECK(w.events(Event::Kind::phone_lost) == 1);
  CHECK(Ways::is(w.last(Parts::server()), "SIP/2.0 480 "));
  CHECK(w.dialogs.calls() == 0);
}

TEST_CASE("sip fail over: a redirection to a server of ours is followed, one to another is passed on") {
  FailureCase c("REGISTER");
  REQUIRE(Ways::is(c.last(Parts::server()), "REGISTER "));
  c.server_answers(302, "REGISTER", "Contact: <sip:b.example.net>\r\n");
  CHECK(Ways::is(c.last(Parts::server(1)), "REGISTER "));
  FailureCase other("REGISTER");
  other.server_answers(302, "REGISTER", "Contact: <sip:elsewhere.example.net>\r\n");
  CHECK(other.last(Parts::server(1)).empty());
  CHECK(Ways::is(other.to_phone(), "SIP/2.0 302 "));
}

TEST_CASE("sip housekeeping: a phone's connection without a registration goes, one to a server is kept open") {
  Ways w;
  const ConnectionId idle = w.connections.accepted(w.now, Side::access, 0, Parts::phone().peer, Parts::us());
  const Flow common =
      w.connections.open(w.now, 0, {}, Standing::registered,
                         {Transport::tcp, Parts::central(), Parts::server(), ConnectionId::none}, w.out);
  w.now += w.options.idle_timeout + 1s;
  w.housekeeping.run(w.now, w.out);
  REQUIRE(w.out.closes == std::vector{idle});
  REQUIRE(w.out.sends.size() == 1);
  CHECK(w.out.sends[0].to == common);
  CHECK(w.out.sends[0].octets == "\r\n\r\n");
  CHECK(w.housekeeping.next() > w.now);
}

TEST_CASE("sip housekeeping: a server is in use while something is bound to it or runs over it") {
  FailureCase c;
  CHECK(c.housekeeping.uses_server(0));
  CHECK_FALSE(c.housekeeping.uses_server(1));
}

TEST_CASE("sip start over: the phone's answer is reported with the request that it is for, silence as 0") {
  Ways w;
  Binding& b = w.bind("token", "1001");
  const auto request = w.start_over.ask(w.now, b, false, w.out);
  REQUIRE(request);
  CHECK(Ways::is(w.last(Parts::phone().peer), "NOTIFY "));
  w.now += 11s;
  while (const auto due = w.transactions.on_deadline(w.now, w.out))
    w.failures.on_timeout(w.now, *due->first, due->second, w.out);
  REQUIRE(w.events(Event::Kind::asked) == 1);
  CHECK(w.out.events.back().request == *request);
  CHECK(w.out.events.back().status == 0);
  b.stale_connection = true;
  CHECK_FALSE(w.start_over.ask(w.now, b, false, w.out));
}
