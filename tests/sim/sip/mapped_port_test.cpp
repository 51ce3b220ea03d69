// An edge whose router maps SIP's port: who comes through it, and what they get.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

sip::ProxyOptions at_home() {
  sip::ProxyOptions o = Stand::options();
  o.unregistered_calls = true;
  o.at_home = true;
  return o;
}
sip::Flow from(const char* address, sip::Transport transport = sip::Transport::udp) {
  sip::Flow flow = Stand::phone_flow();
  flow.transport = transport;
  flow.peer.address = *IpAddress::parse(address);
  return flow;
}
struct Edge {
  explicit Edge(sip::ProxyOptions o = at_home()) : s(std::move(o)) { s.proxy.set_lan({*IpNetwork::parse("192.168.1.0/24")}); }
  Stand s;
};
constexpr const char* kStranger = "198.51.100.66";

}  // namespace

TEST_CASE("sip: through a mapped port a stranger is not heard, whatever it asks") {
  Edge e;
  for (const char* method : {"INVITE", "OPTIONS", "MESSAGE", "SUBSCRIBE", "NOTIFY", "X"})
    e.s.say(from(kStranger), e.s.from_phone(method));
  e.s.say(from(kStranger), e.s.register_text());
  e.s.say(from(kStranger), std::string("GET / HTTP/1.1\r\n\r\n"));
  CHECK(e.s.sent.empty());
  CHECK(e.s.proxy.transactions() == 0);
  CHECK(e.s.proxy.counters().outside == 8);
  CHECK_FALSE(e.s.proxy.hears(from(kStranger, sip::Transport::tcp)));
  CHECK_FALSE(e.s.proxy.admits(e.s.now, from(kStranger)));
}

TEST_CASE("sip: a home's own phones call without a registration, the central side is heard from outside") {
  Edge e;
  e.s.phone(e.s.from_phone("INVITE"));
  CHECK(e.s.count(true, "INVITE") == 1);
  const std::string contact = e.s.register_phone();
  sip::Flow central = Stand::server_flow();
  central.local = Stand::phone_flow().local;  // the router has sent it on to our private address
  e.s.say(central, e.s.from_server("INVITE", contact));
  CHECK(e.s.count(false, "INVITE", 0) == 1);
  CHECK(e.s.proxy.hears({sip::Transport::tcp, central.local, {Stand::server_address(), 40000}, sip::ConnectionId::none}));
}

TEST_CASE("sip: another private network of a home registers first, and then calls") {
  Edge e;
  const sip::Flow other = from("10.20.0.7");
  e.s.say(other, e.s.from_phone("INVITE"));
  CHECK(e.s.count(false, "INVITE", 403) == 1);
  e.s.say(other, e.s.register_text());
  e.s.accept_register();
  e.s.say(other, e.s.from_phone("INVITE"));
  CHECK(e.s.count(true, "INVITE") == 1);
}

TEST_CASE("sip: networks that the settings name are as good as the LAN") {
  auto options = at_home();
  options.networks = {*IpNetwork::parse("198.51.100.0/24")};
  Edge e(options);
  e.s.say(from(kStranger), e.s.from_phone("INVITE"));
  CHECK(e.s.count(true, "INVITE") == 1);
}

TEST_CASE("sip: an edge at a public address has no router before it: strangers get what they get of a hosted one") {
  Edge e;
  sip::Flow flow = from(kStranger);
  flow.local.address = *IpAddress::parse("203.0.113.77");
  e.s.say(flow, e.s.from_phone("INVITE"));
  CHECK(e.s.count(true, "INVITE", 0) == 0);
  e.s.say(flow, e.s.register_text());
  CHECK(e.s.count(true, "REGISTER") == 1);
}
