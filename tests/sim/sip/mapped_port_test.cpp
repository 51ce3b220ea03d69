// An edge whose router maps SIP's port: who comes through it, and what they get.
#include "tests/sim/sip/stand.hpp"

#include <random>

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
  explicit Edge(sip::ProxyOptions o = at_home()) : s(std::move(o)) {
    s.proxy.sources().set_lan({*IpNetwork::parse("192.168.1.0/24")});
  }
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
  CHECK(e.s.proxy.parts().transactions.size() == 0);
  CHECK(e.s.proxy.parts().counters.outside == 8);
  CHECK_FALSE(e.s.proxy.sources().hears(from(kStranger, sip::Transport::tcp)));
  CHECK_FALSE(e.s.proxy.sources().admits(e.s.now, from(kStranger)));
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
  CHECK(e.s.proxy.sources().hears(
      {sip::Transport::tcp, central.local, {Stand::server_address(), 40000}, sip::ConnectionId::none}));
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

TEST_CASE("sip: who is heard through a mapped port is on the list for the router, whoever it is") {
  auto options = at_home();
  options.networks = {*IpNetwork::parse("198.51.100.0/28"), *IpNetwork::parse("2001:db8::/32")};
  options.trusted = {*IpAddress::parse("203.0.113.200"), *IpAddress::parse("2001:db8::7")};
  Edge e(options);
  e.s.proxy.sources().set_lan({*IpNetwork::parse("192.0.2.0/24"), *IpNetwork::parse("127.0.0.0/8")});
  const auto heard = e.s.proxy.sources().heard_through_router();
  REQUIRE(heard.networks);
  const auto has = [&](const IpAddress& one) {
    return std::ranges::any_of(*heard.networks, [&one](const IpNetwork& n) { return n.contains(one); });
  };
  CHECK(has(Stand::server_address()));
  CHECK(has(*IpAddress::parse("203.0.113.200")));
  CHECK_FALSE(has(*IpAddress::parse(kStranger)));
  std::mt19937 random(1);
  unsigned in = 0;
  for (int i = 0; i < 200'000; ++i) {
    // Half of them near what may be heard.
    static constexpr std::uint32_t kNear[] = {0x0a000000, 0xac100000, 0xc0a80000, 0x64400000,
                                              0xc6336400, 0xcb007100, 0xc0000200};
    const std::uint32_t number = i % 2 == 0 ? static_cast<std::uint32_t>(random())
                                            : kNear[random() % 7] + static_cast<std::uint32_t>(random() % 0x500000);
    const IpAddress one = IpAddress::v4(number);
    if (one.is_loopback() || number >> 16 == 0xa9fe) continue;  // RFC 1122, RFC 3927: no router forwards those
    sip::Flow flow = from("192.0.2.1");
    flow.peer.address = one;
    in += has(one);
    if (e.s.proxy.sources().hears(flow) != has(one)) CHECK_MESSAGE(false, one.to_string());
  }
  CHECK(in > 1000);
}

TEST_CASE("sip: the list for the router has a cluster's other addresses, and those that a name had before") {
  Edge e;
  const auto at = [](const char* text) {
    return sip::Servers::Address{*Endpoint::parse(text), Stand::phone_flow().local};
  };
  e.s.proxy.set_server_addresses(0, {at("203.0.113.31:5060"), at("203.0.113.32:5060")});
  const auto heard = e.s.proxy.sources().heard_through_router();
  REQUIRE(heard.networks);
  for (const char* text : {"203.0.113.31", "203.0.113.32"})
    CHECK(std::ranges::count(*heard.networks, *IpNetwork::parse(text)) == 1);
}

TEST_CASE("sip: no list goes to the router where it would cut off somebody who is heard") {
  SUBCASE("a hosted Dropwire hears everybody") {
    Stand s;
    const auto heard = s.proxy.sources().heard_through_router();
    CHECK_FALSE(heard.networks);
    CHECK(heard.why.empty());
  }
  SUBCASE("access.networks may have everybody in it") {
    auto options = at_home();
    options.networks = {*IpNetwork::parse("0.0.0.0/0")};
    Edge e(options);
    CHECK_FALSE(e.s.proxy.sources().heard_through_router().networks);
    CHECK_FALSE(e.s.proxy.sources().heard_through_router().why.empty());
  }
  SUBCASE("a phone that registered from outside while it was let in is heard on") {
    auto options = at_home();
    options.networks = {*IpNetwork::parse("198.51.100.0/24")};
    Edge e(options);
    e.s.say(from(kStranger), e.s.register_text());
    e.s.accept_register();
    CHECK(e.s.proxy.sources().heard_through_router().networks);
    options.networks.clear();
    REQUIRE(e.s.proxy.configure(options));
    CHECK(e.s.proxy.sources().hears(from(kStranger)));
    CHECK_FALSE(e.s.proxy.sources().heard_through_router().networks);
  }
}
