// The relay with real sockets. Of the traps in media §7, 3 (io_uring), 4 (NAT in the kernel's tables), 5
// (netdev_max_backlog) and 14 (keys of promoted flows) are about designs that are not used here. 8, 9 and 13 are about
// rules; tests/unit/nat tests those in virtual time, and here the same rules apply.
#include "tests/loop/nat/relay_fixture.hpp"

using namespace dw;
using namespace dw::nat;
using namespace dw::nat::test;

TEST_CASE("both ways, octet for octet, whatever the payload type and size") {
  const auto relay = make_relay();
  Call call(*relay);
  CHECK(call.ports.phone_port % 2 == 0);
  CHECK(call.ports.central_port % 2 == 0);
  call.name_far_end();
  call.latch();
  for (const std::size_t octets : {0UL, 1UL, 160UL, 1400UL, 2036UL}) {
    const Buffer up = rtp(++call.sequence, 7, octets, static_cast<std::uint8_t>(octets % 64));
    call.phone.send(call.phone_side, up);
    CHECK(call.far_end.receive() == up);
    CHECK(call.far_end.from == call.central_side);
    const Buffer down = rtp(1, 99, octets, 101);
    call.far_end.send(call.central_side, down);
    CHECK(call.phone.receive() == down);
    CHECK(call.phone.from == call.phone_side);
  }
  // A packet is counted after it was sent, so its receiver may have it before the report does.
  CHECK(eventually([&] { return call.report().from_central.packets == 5; }));
  const MediaReport report = call.report();
  CHECK(report.from_phone.packets == 7);
  CHECK(report.from_central.packets == 5);
  CHECK(report.from_central.octets == 5 * 12 + 0 + 1 + 160 + 1400 + 2036);
  CHECK(report.from_central.payload_type == 101);
  CHECK(report.phone == call.phone.at());
  CHECK(report.far_end == call.far_end.at());
  CHECK(report.from_phone.first);
  CHECK_FALSE(report.direct);
}

TEST_CASE("RTCP goes both ways, by a latch of its own") {
  const auto relay = make_relay();
  Call call(*relay);
  call.name_far_end();
  Peer control(kFarEnd);
  call.relay.set_far_end(call.ports.id, Endpoint{kFarEnd, static_cast<std::uint16_t>(control.at().port - 1)}, {});
  call.phone_control.send(Call::next(call.phone_side), rtcp(1));
  CHECK(control.receive() == rtcp(1));
  CHECK(control.from == Call::next(call.central_side));
  control.send(Call::next(call.central_side), rtcp(2));
  CHECK(call.phone_control.receive() == rtcp(2));
  CHECK(call.phone_control.from == Call::next(call.phone_side));
  Peer elsewhere(kFarEnd);  // another port of the same address
  elsewhere.send(Call::next(call.central_side), rtcp(4));
  control.send(Call::next(call.central_side), rtcp(5));
  CHECK(call.phone_control.receive() == rtcp(5));
  call.phone_control.send(Call::next(call.phone_side), rtcp(3));
  CHECK(control.receive() == rtcp(3));
  CHECK(eventually([&] { return call.report().strangers == 1; }));
  CHECK(call.report().from_phone.packets == 0);  // RTCP is not audio
}

TEST_CASE("the first words wait for the phone: early media before it was heard") {
  const auto relay = make_relay();
  Call call(*relay);
  call.name_far_end();
  for (std::uint16_t i = 1; i <= 3; ++i)
    call.far_end.send(call.central_side, rtp(i, 99));
  CHECK(eventually([&] { return call.report().from_central.packets == 3; }));
  CHECK(call.phone.silent());
  call.latch();
  for (std::uint16_t i = 1; i <= 3; ++i)
    CHECK(call.phone.receive() == rtp(i, 99));
  CHECK(call.to_phone(4));
}

TEST_CASE("spoofed packets never move a locked leg, and are counted") {
  const auto relay = make_relay();
  Call call(*relay);
  call.name_far_end();
  call.latch();
  Peer mallory(kMallory);
  for (std::uint16_t i = 1; i <= 20; ++i)
    mallory.send(call.phone_side, rtp(static_cast<std::uint16_t>(call.sequence + i)));
  mallory.send(call.central_side, rtp(1, 99));
  mallory.send(Call::next(call.phone_side), rtcp(1));
  CHECK(eventually([&] { return call.report().strangers == 22; }));
  push_time(seconds(10));  // silence does not help them
  for (std::uint16_t i = 1; i <= 20; ++i)
    mallory.send(call.phone_side, rtp(i));
  CHECK(eventually([&] { return call.report().strangers == 42; }));
  CHECK(call.to_phone(2));
  CHECK(call.to_far_end());
  CHECK(mallory.silent());
  CHECK(eventually([&] { return call.report().phone == call.phone.at(); }));
}

TEST_CASE(
    "a phone that roamed goes on hearing and being heard; a stranger can't move it there, its old address can't move it back") {
  const auto relay = make_relay();
  Call call(*relay);
  call.name_far_end();
  call.latch();
  Peer roamed(host("127.0.1.51")), mallory(kMallory);
  const auto stranger_sends = [&](Peer& who, std::uint32_t ssrc) {
    const auto before = call.report().strangers;
    for (std::uint16_t i = 1; i <= 20; ++i)
      who.send(call.phone_side, rtp(static_cast<std::uint16_t>(call.sequence + i), ssrc));
    return eventually([&] { return call.report().strangers == before + 20; });
  };
  relay->set_phone_address(call.ports.id, kMallory);  // he registered with the phone's name
  CHECK(stranger_sends(mallory, 99));
  CHECK(call.to_phone(1));
  relay->set_phone_address(call.ports.id, roamed.at().address);
  CHECK(stranger_sends(mallory, 7));
  for (int i = 0; i < 2; ++i) {
    roamed.send(call.phone_side, rtp(++call.sequence));
    CHECK(call.far_end.receive() == rtp(call.sequence));
  }
  CHECK(eventually([&] { return call.report().phone == roamed.at(); }));
  call.far_end.send(call.central_side, rtp(2, 99));
  CHECK(roamed.receive() == rtp(2, 99));
  push_time(seconds(10));
  CHECK(stranger_sends(call.phone, 7));
  CHECK(stranger_sends(mallory, 99));
  call.far_end.send(call.central_side, rtp(3, 99));
  CHECK(roamed.receive() == rtp(3, 99));
  CHECK(call.phone.silent());
  CHECK(mallory.silent());
}

TEST_CASE("the router gives the phone another port: taken after silence, or at once when signalling opens it again") {
  const auto relay = make_relay();
  Call call(*relay);
  call.name_far_end();
  call.latch();
  Peer remapped(kPhone);
  const auto both = [&](Peer& phone) {
    for (int i = 0; i < 2; ++i)
      phone.send(call.phone_side, rtp(++call.sequence));
  };
  both(remapped);
  CHECK(eventually([&] { return call.report().strangers == 2; }));
  CHECK(call.to_phone(1));
  push_time(seconds(4));
  both(remapped);
  CHECK(eventually([&] { return call.report().phone == remapped.at(); }));
  call.relay.reopen(call.ports.id);
  both(call.phone);
  CHECK(eventually([&] { return call.report().phone == call.phone.at(); }));
  CHECK(call.to_phone(2));
}

TEST_CASE("the far end changes during a call; what was queued before goes to the one before") {
  const auto relay = make_relay();
  Call call(*relay);
  call.name_far_end();
  call.latch();
  CHECK(call.to_far_end());
  Peer second(kServer);
  call.relay.set_far_end(call.ports.id, second.at(), {});
  // The command is carried out between packets: from some packet on they go to the second one, and none is lost or
  // doubled.
  std::size_t first_got = 0;
  std::size_t second_got = 0;
  for (int i = 0; i < 20; ++i) {
    call.phone.send(call.phone_side, rtp(++call.sequence));
    CHECK(eventually([&] {
      if (call.far_end.receive(Duration::zero()) == rtp(call.sequence)) return ++first_got > 0;
      return second.receive(Duration::zero()) == rtp(call.sequence) && ++second_got > 0;
    }));
  }
  CHECK(first_got <= 1);
  CHECK(first_got + second_got == 20);
  call.far_end.send(call.central_side, rtp(1, 99));  // it may not send here any more
  CHECK(eventually([&] { return call.report().strangers == 1; }));
  call.relay.set_far_end(call.ports.id, {}, {});
  second.send(call.central_side, rtp(2, 99));  // the call server may still send
  CHECK(call.phone.receive() == rtp(2, 99));
  call.phone.send(call.phone_side, rtp(++call.sequence));
  CHECK(eventually([&] { return call.report().from_phone.packets == 24; }));
  CHECK(second.silent());
}

TEST_CASE("a closed port on either side ends nothing: ICMP errors do not reach the relay's sockets") {
  const auto relay = make_relay();
  Call call(*relay);
  call.name_far_end();
  call.latch();
  auto gone = std::make_optional<Peer>(kFarEnd);
  const Endpoint where = gone->at();
  gone.reset();
  call.relay.set_far_end(call.ports.id, where, {});
  for (int i = 0; i < 5; ++i)
    call.phone.send(call.phone_side, rtp(++call.sequence));
  CHECK(eventually([&] { return call.report().from_phone.packets == 7; }));
  call.name_far_end();
  CHECK(call.to_far_end());
  CHECK(call.to_phone(1));
}

TEST_CASE("a datagram too long for voice is dropped whole, and the next passes") {
  const auto relay = make_relay();
  Call call(*relay);
  call.name_far_end();
  call.latch();
  const auto counts = [&](std::string_view line) {
    return eventually([&] {
      MetricsText metrics;
      relay->append_metrics(metrics);
      return metrics.text().find(line) != std::string::npos;
    });
  };
  call.phone.send(call.phone_side, rtp(++call.sequence, 7, 2037));
  CHECK(counts("reason=\"oversized\"} 1"));
  call.phone.send(call.phone_side, rtp(++call.sequence, 7, 60000));
  CHECK(counts("reason=\"oversized\"} 2"));
  call.phone.send(call.phone_side, Buffer{1, 2, 3});
  CHECK(counts("reason=\"invalid\"} 1"));
  call.phone.send(call.phone_side, Buffer{});
  CHECK(counts("reason=\"keepalive\"} 1"));
  CHECK(call.to_far_end());
  CHECK(counts("dropwire_media_streams 1"));
}

TEST_CASE("IPv6 on one side, IPv4 on the other") {
  const auto relay = make_relay();
  StreamRequest of = request();
  of.phone_local = of.phone = host("::1");
  Call call(*relay, of);
  call.name_far_end();
  call.latch();
  CHECK(call.to_phone(1));
  CHECK(eventually([&] { return call.report().phone == call.phone.at(); }));
}

TEST_CASE("IPv6 on both sides, which share one address") {
  const auto relay = make_relay();
  Call call(
      *relay,
      {.phone_local = host("::1"), .central_local = host("::1"), .phone = host("::1"), .call_servers = {host("::1")}});
  call.name_far_end();
  call.latch();
  CHECK(call.to_phone(1));
  call.relay.set_tos(call.ports.id, 0x88);
  CHECK(call.to_far_end());
}

TEST_CASE("a latched phone that gets nothing gets keepalives, the far end never") {
  RelayOptions options;
  options.keepalive = milliseconds(20);
  const auto relay = make_relay(options);
  Call call(*relay);
  call.name_far_end();
  CHECK_FALSE(call.phone.receive(milliseconds(60)));  // not before it was heard
  call.latch();
  const auto first = call.phone.receive();
  REQUIRE(first);
  CHECK(first->size() == 12);
  CHECK(call.phone.from == call.phone_side);
  const Buffer last = rtp(4711, 99, 160, 18);
  call.far_end.send(call.central_side, last);
  std::optional<Buffer> got;
  CHECK(eventually([&] { return (got = call.phone.receive()) == last; }));
  got = call.phone.receive();
  REQUIRE(got);
  CHECK(*got == Buffer(last.begin(), last.begin() + 12));
  CHECK(call.far_end.silent());
}

TEST_CASE("voice is marked EF, or as signalling wants it") {
  const auto relay = make_relay();
  Call call(*relay);
  call.name_far_end();
  const int on = 1;
  for (const Peer* peer : {&call.phone, &call.far_end})
    REQUIRE(::setsockopt(peer->number(), IPPROTO_IP, IP_RECVTOS, &on, sizeof on) == 0);
  call.latch();
  CHECK(call.far_end.tos == 0xb8);
  CHECK(call.to_phone(1));
  CHECK(call.phone.tos == 0xb8);
  relay->set_tos(call.ports.id, 0x60);
  CHECK(call.to_phone(2));
  CHECK(call.phone.tos == 0x60);
  CHECK(call.to_far_end());
  CHECK(call.far_end.tos == 0x60);
}

TEST_CASE("a call becomes a fax on the same ports, and a call again") {
  const auto relay = make_relay();
  Call call(*relay);
  call.name_far_end();
  call.latch();
  CHECK(call.to_phone(1));
  const auto udptl = [](std::uint8_t number) { return Buffer{0x00, number, 0x01, 0x06, 0x00, 0x00}; };
  const auto passes = [&](Peer& from, const Endpoint& in, Peer& at, std::uint8_t number) {
    from.send(in, udptl(number));
    return at.receive() == udptl(number);
  };
  call.phone.send(call.phone_side, udptl(1));
  call.far_end.send(call.central_side, udptl(1));
  CHECK(call.to_phone(2));  // packets before it were dropped
  CHECK(call.to_far_end());
  relay->set_opaque(call.ports.id, true);
  CHECK(passes(call.phone, call.phone_side, call.far_end, 2));
  CHECK(passes(call.far_end, call.central_side, call.phone, 3));
  Peer mallory(kMallory);
  mallory.send(call.phone_side, udptl(4));
  CHECK(eventually([&] { return call.report().strangers == 1; }));
  CHECK(call.report().from_phone.packets == 4);
  CHECK(call.report().from_phone.lost == 0);
  CHECK(eventually([&] { return call.report().from_central.packets == 3; }));
  relay->set_opaque(call.ports.id, false);
  call.phone.send(call.phone_side, udptl(5));
  CHECK(call.to_far_end());
  CHECK(call.to_phone(3));
  CHECK(eventually([&] { return call.report().phone == call.phone.at(); }));
}

TEST_CASE("a fax that was never a call latches with its first datagram, and what waited for it follows") {
  const auto relay = make_relay();
  Call call(*relay);
  call.name_far_end();
  relay->set_opaque(call.ports.id, true);
  const Buffer early = {0x00, 0x00, 0x01, 0x04, 0x00, 0x00};
  const Buffer first = {0x00, 0x00, 0x01, 0x06, 0x00, 0x00};
  call.far_end.send(call.central_side, early);
  CHECK(eventually([&] { return call.report().from_central.packets == 1; }));
  call.phone.send(call.phone_side, first);
  CHECK(call.far_end.receive() == first);
  CHECK(call.phone.receive() == early);
  CHECK(eventually([&] { return call.report().phone == call.phone.at(); }));
}

TEST_CASE("a phone that only listens is sent to where it says, at its own address and at no port of ours") {
  const auto relay = make_relay();
  Call call(*relay);
  call.name_far_end();
  relay->set_phone(call.ports.id, call.phone.at(), call.phone_control.at());
  CHECK(call.to_phone(1));
  Peer control(kFarEnd);
  control.send(Call::next(call.central_side), rtcp(5));
  CHECK(call.phone_control.receive() == rtcp(5));
  CHECK(eventually([&] { return call.report().from_central.delivered == 1; }));
  CHECK_FALSE(call.report().phone);
  // A service's port, and ports whose packets would come back in.
  for (const std::uint16_t port :
       {std::uint16_t{1023}, call.ports.phone_port, std::uint16_t(call.ports.phone_port + 1)}) {
    const IpAddress address = port == 1023 ? kPhone : kPhoneSide;
    relay->set_phone(call.ports.id, Endpoint{address, port}, std::nullopt);
    const auto before = call.report().from_central;
    call.far_end.send(call.central_side, rtp(2, 99));
    CHECK(eventually([&] { return call.report().from_central.packets == before.packets + 1; }));
    CHECK(call.report().from_central.delivered == before.delivered);
  }
}

TEST_CASE("what was held for a phone goes to it once it says where it listens") {
  const auto relay = make_relay();
  Call call(*relay);
  call.name_far_end();
  for (std::uint16_t i = 1; i <= 3; ++i)
    call.far_end.send(call.central_side, rtp(i, 99));
  CHECK(eventually([&] { return call.report().from_central.packets == 3; }));
  relay->set_phone(call.ports.id, call.phone.at(), std::nullopt);
  for (std::uint16_t i = 1; i <= 3; ++i)
    CHECK(call.phone.receive() == rtp(i, 99));
  CHECK(eventually([&] { return call.report().from_central.delivered == 3; }));
}

TEST_CASE("a stream's sources, formats and networks reach its thread") {
  const auto relay = make_relay();
  StreamRequest of = request();
  of.networks = {*IpNetwork::parse("127.0.2.64/26")};
  Call call(*relay, of);
  relay->set_phone(call.ports.id, call.phone.at(), std::nullopt);
  Peer music(host("127.0.2.70")), named(host("127.0.2.40"));
  music.send(call.central_side, rtp(1, 5));
  CHECK(call.phone.receive() == rtp(1, 5));
  relay->set_sources(call.ports.id, {{host("127.0.2.40")}, false});
  relay->set_formats(call.ports.id, MediaSide::phone, {{97, 16'000}});
  for (std::uint16_t i = 2; i <= 5; ++i) {
    named.send(call.central_side, rtp(i, 5, 160, 97));
    CHECK(call.phone.receive() == rtp(i, 5, 160, 97));
  }
  CHECK(eventually([&] { return call.report().from_central.jitter.has_value(); }));
}

TEST_CASE(
    "behind a router that lets in whom we have sent to, the far end is sent to as soon as it is named, and again") {
  const auto relay = make_relay();
  Call call(*relay);
  Peer anchor(kMallory);
  relay->open_way(call.ports.id, anchor.at());
  const auto opener = anchor.receive();  // there is no far end yet
  REQUIRE(opener);
  REQUIRE(opener->size() == 20);
  CHECK((*opener)[0] == 0);
  CHECK((*opener)[1] == 0x11);
  CHECK(anchor.from.address == call.central_side.address);
  call.name_far_end();
  CHECK(call.far_end.receive().value_or(Buffer{}).size() == 20);
  CHECK(call.far_end.from == call.central_side);
  const MediaReport report = call.report();
  CHECK(report.from_phone.packets == 0);  // not audio
  push_time(seconds(16));
  CHECK(call.far_end.receive().value_or(Buffer{}).size() == 20);
}
