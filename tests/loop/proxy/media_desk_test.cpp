#include "tests/loop/proxy/desk_fixture.hpp"

TEST_CASE("both sides get the address that is advertised, else the one that the sockets are bound to") {
  Desk plain;
  const auto ports = plain.open(kAlice);
  CHECK(ports.phone_facing == Endpoint{kOurs, 20002});
  CHECK(ports.central_facing == Endpoint{kCentral, 30002});
  proxy::MediaDesk::Options options;
  options.phone_advertise = *IpAddress::parse("203.0.113.10");
  options.central_advertise = *IpAddress::parse("203.0.113.11");
  Desk reported(options);
  CHECK(reported.open(kAlice).phone_facing.address == options.phone_advertise);
  CHECK(reported.open(kAlice).central_facing.address == options.central_advertise);
}

TEST_CASE("a far end outside is the relay's business; one of our own streams is joined to it") {
  Desk d;
  const auto alice = d.open(kAlice), bob = d.open(kBob);
  const Endpoint outside{kServer, 4000};
  CHECK(d.desk.set_far_end(alice.id, outside) == alice.phone_facing);
  CHECK(d.relay.all.at(alice.id).far_end == outside);
  CHECK(d.desk.set_far_end(alice.id, bob.central_facing) == alice.phone_facing);
  CHECK(d.relay.all.at(alice.id).bridged == bob.id);
  CHECK(d.desk.set_far_end(alice.id, outside) == alice.phone_facing);
  CHECK(d.relay.all.at(alice.id).bridged == MediaId::none);
}

TEST_CASE("two phones on our LAN get each other's address, when that is wanted") {
  for (const bool wanted : {true, false}) {
    Desk d(wanted ? local() : proxy::MediaDesk::Options{});
    const auto alice = d.open(kAlice), bob = d.open(kBob);
    d.desk.set_phone_stated(alice.id, {kAlice, 16384});
    d.desk.set_phone_stated(bob.id, {kBob, 16500});
    const Endpoint reported = d.desk.set_far_end(alice.id, bob.central_facing);
    CHECK(reported == (wanted ? Endpoint{kBob, 16500} : alice.phone_facing));
    CHECK(d.desk.report(alice.id).direct == wanted);
    CHECK(d.relay.all.at(alice.id).bridged == bob.id);
  }
}

TEST_CASE(
    "the address of a phone that a router changed goes to no other, nor does that of one that has not stated it") {
  Desk d(local());
  const auto alice = d.open(kAlice), bob = d.open(kBob);
  d.desk.set_phone_stated(alice.id, {kAlice, 16384});
  CHECK(d.desk.set_far_end(alice.id, bob.central_facing) == alice.phone_facing);  // Bob has not said
  d.desk.set_phone_stated(bob.id, {*IpAddress::parse("10.9.9.9"), 16500});
  CHECK(d.desk.set_far_end(alice.id, bob.central_facing) == alice.phone_facing);
  CHECK_FALSE(d.desk.report(alice.id).direct);
}

TEST_CASE("either both phones talk directly or neither does: the second follows what the first one got") {
  Desk d(local());
  const auto alice = d.open(kAlice), bob = d.open(kBob);
  d.desk.set_phone_stated(alice.id, {kAlice, 16384});
  CHECK(d.desk.set_far_end(alice.id, bob.central_facing) == alice.phone_facing);  // too early for Bob's address
  d.desk.set_phone_stated(bob.id, {kBob, 16500});
  CHECK(d.desk.set_far_end(bob.id, alice.central_facing) == bob.phone_facing);
  CHECK_FALSE(d.desk.report(alice.id).direct);
  CHECK_FALSE(d.desk.report(bob.id).direct);
}

TEST_CASE(
    "a phone that learns where to send before it said where it receives may go direct by what it registered "
    "with") {
  Desk d(local());
  const auto alice = *d.desk.open({kAlice, kOurs, kCentral, kServer, kAlice});
  const auto bob = d.open(kBob);
  d.desk.set_phone_stated(bob.id, {kBob, 16500});
  CHECK(d.desk.set_far_end(alice.id, bob.central_facing) == Endpoint{kBob, 16500});
  d.desk.set_phone_stated(alice.id, {kAlice, 16384});
  CHECK(d.desk.set_far_end(bob.id, alice.central_facing) == Endpoint{kAlice, 16384});
  CHECK(d.desk.report(alice.id).direct);
  CHECK(d.desk.report(bob.id).direct);
}

TEST_CASE("a closed stream is silent and nobody's far end any more; one whose signalling was lost goes on") {
  for (const MediaEnd end : {MediaEnd::closed, MediaEnd::lost}) {
    proxy::MediaDesk::Options soon;
    soon.after_closed = soon.after_lost = 30ms;
    Desk d(soon);
    const auto alice = d.open(kAlice), bob = d.open(kBob);
    d.desk.close(bob.id, end);
    REQUIRE(d.relay.all.contains(bob.id));  // its ports are not free yet
    CHECK(d.relay.all.at(bob.id).silent == (end == MediaEnd::closed));
    (void)d.desk.set_far_end(alice.id, bob.central_facing);
    CHECK(d.relay.all.at(alice.id).bridged == MediaId::none);
    CHECK(d.loop.run_until([&] { return !d.relay.all.contains(bob.id); }, 5s));
    CHECK(d.relay.all.contains(alice.id));
  }
}

TEST_CASE("a configured type of service is always used; else what the call server asks") {
  Desk asked;
  const auto a = asked.open(kAlice);
  asked.desk.set_tos(a.id, 0x88);
  CHECK(asked.relay.all.at(a.id).tos == 0x88);
  proxy::MediaDesk::Options options;
  options.tos = 0;
  Desk fixed(options);
  const auto b = fixed.open(kAlice);
  fixed.desk.set_tos(b.id, 0x88);
  CHECK(fixed.relay.all.at(b.id).tos == 0);
}

TEST_CASE("the relay learns what is not RTP, and nothing of streams that are closed") {
  Desk d;
  const auto alice = d.open(kAlice), bob = d.open(kBob);
  d.desk.set_opaque(alice.id, true);
  CHECK(d.relay.all.at(alice.id).opaque);
  CHECK_FALSE(d.relay.all.at(bob.id).opaque);
  d.desk.close(alice.id, MediaEnd::lost);
  d.desk.set_opaque(alice.id, false);  // it lingers as it was
  CHECK(d.relay.all.at(alice.id).opaque);
}

TEST_CASE("a phone that says its own address is sent to there; another address, or none, is never believed") {
  Desk d;
  const auto alice = d.open(kAlice);
  const auto& relayed = d.relay.all.at(alice.id);
  d.desk.set_phone_stated(alice.id, {kAlice, 16384});
  CHECK(relayed.phone == Endpoint{kAlice, 16384});
  CHECK(relayed.phone_rtcp == Endpoint{kAlice, 16385});
  d.desk.set_rtcp(alice.id, MediaSide::phone, Endpoint{kAlice, 17777});
  CHECK(relayed.phone_rtcp == Endpoint{kAlice, 17777});
  d.desk.set_rtcp(alice.id, MediaSide::phone, Endpoint{kBob, 17777});  // nobody aims at another host
  CHECK(relayed.phone_rtcp == Endpoint{kAlice, 16385});
  d.desk.set_phone_stated(alice.id, {kAlice, 65535});
  CHECK(relayed.phone == Endpoint{kAlice, 65535});
  CHECK_FALSE(relayed.phone_rtcp);
  d.desk.set_phone_stated(alice.id, {kBob, 16384});
  CHECK_FALSE(relayed.phone);
  CHECK_FALSE(relayed.phone_rtcp);
}

TEST_CASE("the relay learns who may send, and whether phones are on a LAN of ours") {
  for (const bool lan : {false, true}) {
    proxy::MediaDesk::Options options;
    options.lan = lan;
    options.symmetric = lan;
    options.sources = {*IpNetwork::parse("10.0.0.0/24")};
    Desk d(options);
    REQUIRE(d.desk.open({kAlice, kOurs, kCentral, kServer, kAlice, {kBob}}));
    CHECK(d.relay.asked.stated_first == lan);
    CHECK(d.relay.asked.symmetric == lan);
    CHECK(d.relay.asked.networks == options.sources);
    CHECK(d.relay.asked.call_servers == std::vector{kBob, kServer});
    CHECK(d.relay.asked.phone == kAlice);
  }
}

TEST_CASE("held: the far end and its RTCP are nobody's, also where the stream was joined to another phone's") {
  Desk d;
  const auto alice = d.open(kAlice), bob = d.open(kBob);
  const auto& relayed = d.relay.all.at(alice.id);
  d.desk.set_far_end(alice.id, Endpoint{kServer, 4000});
  d.desk.set_rtcp(alice.id, MediaSide::central, Endpoint{kServer, 4009});
  CHECK(relayed.far_end_rtcp == Endpoint{kServer, 4009});
  (void)d.desk.set_far_end(alice.id, bob.central_facing);
  CHECK_FALSE(relayed.far_end);  // what was there before is not what a later end of the bridge leads to
  (void)d.desk.set_far_end(alice.id, std::nullopt);
  CHECK_FALSE(relayed.far_end);
  CHECK_FALSE(relayed.far_end_rtcp);
  CHECK(relayed.bridged == MediaId::none);
  d.desk.set_rtcp(alice.id, MediaSide::central, Endpoint{kServer, 4009});  // too late
  CHECK_FALSE(relayed.far_end_rtcp);
}

TEST_CASE("a call that went directly between the phones is reported so when its media has ended") {
  Desk d(local());
  const auto alice = d.open(kAlice), bob = d.open(kBob);
  d.desk.set_phone_stated(alice.id, {kAlice, 16384});
  d.desk.set_phone_stated(bob.id, {kBob, 16500});
  REQUIRE(d.desk.set_far_end(alice.id, bob.central_facing) == Endpoint{kBob, 16500});
  (void)d.desk.set_far_end(alice.id, std::nullopt);  // StopMediaTransmission, before the report is read
  CHECK(d.desk.report(alice.id).direct);
  (void)d.desk.set_far_end(alice.id, Endpoint{kServer, 4000});
  CHECK_FALSE(d.desk.report(alice.id).direct);
}

TEST_CASE("the first that sends becomes the source only where neither the far end nor another phone of ours is one") {
  Desk d;
  const auto alice = d.open(kAlice), bob = d.open(kBob);
  const auto reported = [&] {
    d.desk.set_sources(alice.id, {{}, true});
    return d.relay.all.at(alice.id).sources.first_comer;
  };
  CHECK(reported());
  (void)d.desk.set_far_end(alice.id, Endpoint{kServer, 4000});
  CHECK_FALSE(reported());
  (void)d.desk.set_far_end(alice.id, bob.central_facing);
  CHECK_FALSE(reported());
  (void)d.desk.set_far_end(alice.id, std::nullopt);
  CHECK(reported());
}

TEST_CASE("a far end that names another call's port gets nobody out of that call, and no phone's own address") {
  Desk d(local());
  const auto alice = d.open(kAlice), bob = d.open(kBob), carol = d.open(kCarol);
  for (const auto& [ports, phone] : {std::pair(alice, kAlice), std::pair(bob, kBob), std::pair(carol, kCarol)})
    d.desk.set_phone_stated(ports.id, {phone, 16384});
  (void)d.desk.set_far_end(alice.id, bob.central_facing);
  (void)d.desk.set_far_end(bob.id, alice.central_facing);
  CHECK(d.desk.set_far_end(carol.id, bob.central_facing) == carol.phone_facing);
  CHECK(d.relay.all.at(carol.id).bridged == MediaId::none);
  CHECK_FALSE(d.relay.all.at(carol.id).far_end);
  CHECK(d.relay.all.at(alice.id).bridged == bob.id);
  CHECK(d.relay.all.at(bob.id).bridged == alice.id);
  // A transfer: both say so.
  (void)d.desk.set_far_end(bob.id, carol.central_facing);
  CHECK(d.relay.all.at(carol.id).bridged == bob.id);
  CHECK(d.relay.all.at(bob.id).bridged == carol.id);
  CHECK(d.relay.all.at(alice.id).bridged == MediaId::none);
}

TEST_CASE(
    "a phone that roamed in a call: its old address goes to no other phone, and the relay knows where it may be") {
  Desk d(local());
  const auto alice = d.open(kAlice), bob = d.open(kBob);
  d.desk.set_phone_stated(alice.id, {kAlice, 16384});
  d.desk.set_phone_stated(bob.id, {kBob, 16384});
  (void)d.desk.set_far_end(alice.id, bob.central_facing);
  CHECK(d.desk.set_far_end(bob.id, alice.central_facing) == Endpoint{kAlice, 16384});
  d.desk.set_phone(alice.id, kCarol);
  CHECK(d.relay.all.at(alice.id).roamed_to == kCarol);
  CHECK(d.desk.set_far_end(bob.id, alice.central_facing) == bob.phone_facing);
  CHECK(d.relay.all.at(bob.id).bridged == alice.id);
}

TEST_CASE("streams of a phone that roamed count for the network where it is now") {
  Desk d;
  std::vector<MediaPorts> streams;
  for (int i = 0; i < 50; ++i)
    streams.push_back(d.open(kAlice));
  CHECK_FALSE(d.desk.open({kAlice, kOurs, kCentral, kServer}));
  for (const MediaPorts& stream : streams)
    d.desk.set_phone(stream.id, kBob);
  CHECK_FALSE(d.desk.open({kBob, kOurs, kCentral, kServer}));
  (void)d.open(kAlice);
}

TEST_CASE("a lost stream is heard by the other phone for as long as it lasts; one that was closed is not") {
  for (const MediaEnd end : {MediaEnd::closed, MediaEnd::lost}) {
    Desk d;
    const auto alice = d.open(kAlice), bob = d.open(kBob);
    (void)d.desk.set_far_end(alice.id, bob.central_facing);
    (void)d.desk.set_far_end(bob.id, alice.central_facing);
    d.desk.close(alice.id, end);
    CHECK(d.relay.all.at(alice.id).bridged == (end == MediaEnd::lost ? bob.id : MediaId::none));
  }
}

TEST_CASE("this machine is no far end, by no address of its own, nor is the loopback; a call server on it is one") {
  Desk d;
  const auto alice = d.open(kAlice);
  const Endpoint loopback{IpAddress::v4(0x7f000001), 4000};
  const Endpoint usable{kServer, 4000};
  for (const Endpoint& own : {loopback, Endpoint{kOurs, 4000}, Endpoint{kCentral, 5060}, Endpoint{kCentral, 4000}}) {
    (void)d.desk.set_far_end(alice.id, own);
    CHECK_FALSE(d.relay.all.at(alice.id).far_end);
    (void)d.desk.set_far_end(alice.id, usable);
    d.desk.set_rtcp(alice.id, MediaSide::central, own);
    CHECK(d.relay.all.at(alice.id).far_end == usable);
    CHECK_FALSE(d.relay.all.at(alice.id).far_end_rtcp);
  }
  CHECK(d.desk.refused() == 4);
  for (const MediaRequest& here :
       {MediaRequest{kAlice, kOurs, kCentral, kCentral}, MediaRequest{kAlice, kOurs, kCentral, {}, {}, {kCentral}}}) {
    const auto ports = d.desk.open(here);
    REQUIRE(ports);
    (void)d.desk.set_far_end(ports->id, Endpoint{kCentral, 4000});
    CHECK(d.relay.all.at(ports->id).far_end == Endpoint{kCentral, 4000});
  }
}

TEST_CASE("what the relay dropped is counted for the last five minutes, and for less at the beginning") {
  proxy::MediaDrops drops;
  const auto lately = [&](std::uint64_t packets, std::uint64_t dropped) {
    const nat::RelayCounts reported = drops.lately({packets, dropped});
    return std::pair(reported.packets, reported.dropped);
  };
  CHECK(lately(700, 7) == std::pair<std::uint64_t, std::uint64_t>(700, 7));
  for (std::uint64_t i = 1; i <= proxy::MediaDrops::kKept; ++i)
    drops.look({1000 * i, 10 * i});
  CHECK(lately(10'500, 105) == std::pair<std::uint64_t, std::uint64_t>(9500, 95));
  for (std::uint64_t i = 0; i < proxy::MediaDrops::kKept; ++i)
    drops.look({20'000, 105});
  CHECK(lately(21'000, 105) == std::pair<std::uint64_t, std::uint64_t>(1000, 0));
  Desk d;
  d.relay.counted = {50, 5};
  CHECK(d.desk.lately().dropped == 5);
}

TEST_CASE("once half of all streams are taken no source has more than a quarter, and an IPv6 /64 is one source") {
  Desk d;  // 100 streams
  std::vector<MediaId> opened;
  const auto take = [&](const IpAddress& phone) {
    const auto ports = d.desk.open({phone, kOurs, kCentral, kServer});
    if (ports) opened.push_back(ports->id);
    return ports.has_value();
  };
  const auto of_net = [](unsigned n) { return IpAddress::parse(fmt::format("2001:db8:1:2::{:x}", n + 1)).value(); };
  for (int i = 0; i < 50; ++i)
    REQUIRE(take(kAlice));  // there is room enough
  const auto refused = d.desk.open({kAlice, kOurs, kCentral, kServer});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::exhausted);
  for (unsigned i = 0; i < 40; ++i)
    CHECK(take(of_net(i)) == (i < 25));
  CHECK(take(kBob));
  for (int i = 0; i < 25; ++i)
    d.desk.close(opened[static_cast<std::size_t>(i)], MediaEnd::closed);
  CHECK_FALSE(take(kAlice));  // it has 25 yet
  d.desk.close(opened[25], MediaEnd::closed);
  CHECK(take(kAlice));
  d.desk.set_phone(opened[26], kCarol);  // it roamed, and counts there now
  CHECK(take(kAlice));
  CHECK_FALSE(take(kAlice));
}
