#include "sbc/sip/sources.hpp"

#include "tests/unit/sip/sip_parts.hpp"

using namespace dw;
using namespace dw::sip;
using dw::sip::test::Parts;

TEST_CASE(
    "sip sources: the central side is a server's address, by UDP with its port, a trusted one, or our connection") {
  Parts p;
  CHECK(p.sources.server_of(Parts::udp(Parts::central(), Parts::server())) == 0u);
  CHECK_FALSE(p.sources.is_central(Parts::udp(Parts::central(), Parts::at(Parts::kServer, 4000))));
  CHECK(p.sources.is_other_port_of_server(Parts::udp(Parts::central(), Parts::at(Parts::kServer, 4000))));
  CHECK(p.sources.is_central({Transport::tcp, Parts::central(), Parts::at(Parts::kServer, 4000), ConnectionId{9}}));
  CHECK_FALSE(p.sources.is_central(Parts::phone()));
  p.options.trusted = {Parts::phone().peer.address};
  CHECK(p.sources.is_central(Parts::phone()));
  p.options.trusted = {};
  const Flow ours = p.connections.open(p.now, 0, {}, Standing::registered,
                                       {Transport::tcp, Parts::us(), Parts::phone().peer, ConnectionId::none}, p.out);
  CHECK(p.sources.is_central(ours));
}

TEST_CASE("sip sources: registered is who has a phone here; what others know of an address makes it proven at most") {
  Parts p;
  const IpAddress address = Parts::phone().peer.address;
  CHECK(p.sources.standing(p.now, address) == Standing::stranger);
  p.known.proved(p.now, address, Standing::registered);
  CHECK(p.sources.standing(p.now, address) == Standing::proven);
  p.bind("token", "1001");
  CHECK(p.sources.standing(p.now, address) == Standing::registered);
}

TEST_CASE("sip sources: an edge hears its LAN, the central side and registered phones, and says whom to let in") {
  Parts p({.at_home = true});
  const Flow stranger = Parts::udp(Parts::us(), Parts::at(0x08080808));
  CHECK(p.sources.hears(Parts::phone()));
  CHECK_FALSE(p.sources.hears(stranger));
  CHECK_FALSE(p.sources.admits(p.now, stranger));
  CHECK(p.sources.hears(Parts::udp(Parts::us(), Parts::server())));
  const auto heard = p.sources.heard_through_router();
  REQUIRE(heard.networks);
  const auto lets_in = [&](const IpAddress& address) {
    return std::ranges::any_of(*heard.networks, [&](const IpNetwork& n) { return n.contains(address); });
  };
  CHECK(lets_in(Parts::server().address));
  CHECK_FALSE(lets_in(stranger.peer.address));
  CHECK(p.sources.last_stranger() == TimePoint::min());
  for (int i = 0; i < 100; ++i)
    p.sources.not_heard(p.now, stranger, p.out);
  CHECK(p.sources.last_stranger() == p.now);
  CHECK(p.events(Event::Kind::dropped) == 10);  // whoever floods does not fill the log
  Binding b = Parts::binding("far", "1002");
  b.reach.flow.peer = stranger.peer;
  p.bindings.add(std::move(b));
  CHECK(p.sources.hears(stranger));
  CHECK_FALSE(p.sources.heard_through_router().networks);
}

TEST_CASE("sip sources: abuse leads to a ban, a note of it does not") {
  Parts p;
  const Flow from = Parts::phone();
  for (unsigned i = 0; i < p.options.guard.ban_after; ++i)
    p.sources.note_abuse(from, "nonsense", p.out);
  CHECK(p.sources.admits(p.now, from));
  for (unsigned i = 0; i < p.options.guard.ban_after; ++i)
    p.sources.abuse(p.now, from, "nonsense", p.out);
  CHECK_FALSE(p.sources.admits(p.now, from));
  CHECK(p.events(Event::Kind::banned) == 1);
}
