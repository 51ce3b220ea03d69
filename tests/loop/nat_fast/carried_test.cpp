#include "tests/loop/nat_fast/relays.hpp"

namespace dw::nat::fast::test {
namespace {

TEST_CASE("a plain stream is carried after at most fifteen packets each way, and the figures do not show it") {
  Kernel* k = kernel();
  if (!k || has_no_hosts()) return;
  MediaBox box;
  box.carry_by(*k);
  MediaCall call(box);
  const auto is_in_kernel = [&](std::uint32_t flow) { return (k->maps->read(flow).turn & DW_FLOW_TAKEN) == 0; };
  int packets = 0;
  while (packets < 100 && !(is_in_kernel(0) && is_in_kernel(1))) {
    REQUIRE(call.talk(1));
    (void)call.report();  // the media thread has finished with the last packet
    ++packets;
  }
  CHECK(packets <= 13);
  const auto in_kernel = [&] { return k->maps->read(0).count.packets + k->maps->read(1).count.packets; };
  const std::uint64_t before = in_kernel();
  REQUIRE(call.talk(500));
  CHECK(in_kernel() == before + 1000);
  const MediaReport report = call.report();
  const std::uint64_t sent[] = {call.up, call.down - 40000U};
  for (const MediaFlow* flow : {&report.from_phone, &report.from_central}) {
    CHECK(flow->packets == sent[flow == &report.from_central]);
    CHECK(flow->delivered == flow->packets);
    CHECK(flow->octets == flow->packets * 172);
    CHECK(flow->lost == 0);
    CHECK(flow->reordered == 0);
    CHECK(flow->jitter);
  }
  CHECK(box.relay->counts().packets == sent[0] + sent[1]);
  CHECK(call.carried() == 1);
}

TEST_CASE("a stranger changes nothing for a stream that is carried, and is counted") {
  Kernel* k = kernel();
  if (!k || has_no_hosts()) return;
  MediaBox box;
  box.carry_by(*k);
  MediaCall call(box);
  REQUIRE(call.talk(30));
  REQUIRE(call.carried() == 1);
  const auto beside = MediaBox::peer(box.wire.server, kServer, 0), at_home = MediaBox::peer(box.wire.phone, kPhone, 0);
  for (std::uint16_t i = 0; i < 50; ++i) {
    beside->send(call.to_far, nat::test::rtp(i, 66));
    at_home->send(call.to_near, nat::test::rtp(i, 67));
    REQUIRE(call.talk(1));
  }
  REQUIRE(eventually([&] { return call.report().strangers == 100; }));
  CHECK(call.phone->silent());
  CHECK(call.far_end->silent());
}

TEST_CASE("each command reaches a stream that is carried, before the next packet") {
  Kernel* k = kernel();
  if (!k || has_no_hosts()) return;
  MediaBox box;
  box.carry_by(*k);
  MediaCall call(box);
  const auto carried_again = [&] {
    for (int i = 0; i < 40 && call.carried() == 0; ++i)
      REQUIRE(call.talk(1));
    REQUIRE(call.talk(2));
    return call.carried() == 1;
  };
  REQUIRE(carried_again());
  // Hold: the phone's packets are dropped.
  box.relay->set_far_end(call.ports.id, {}, {});
  REQUIRE(eventually([&] { return call.carried() == 0; }));
  for (int i = 0; i < 5; ++i)
    call.phone->send(call.to_near, nat::test::rtp(++call.up, 1));
  REQUIRE(eventually([&] {
    return box.relay->counts().packets == call.report().from_phone.packets + call.report().from_central.packets;
  }));
  REQUIRE(eventually([&] { return call.report().from_phone.packets == call.up; }));
  CHECK(call.far_end->silent());
  box.relay->set_far_end(call.ports.id, call.far_end->at(), {});
  REQUIRE(carried_again());
  // Another destination.
  const auto other = MediaBox::peer(box.wire.server, kServer, 0);
  box.relay->set_far_end(call.ports.id, other->at(), {});
  REQUIRE(eventually([&] { return call.carried() == 0; }));
  call.phone->send(call.to_near, nat::test::rtp(++call.up, 1));
  CHECK(other->receive() == nat::test::rtp(call.up, 1));
  box.relay->set_far_end(call.ports.id, call.far_end->at(), {});
  REQUIRE(carried_again());
  // The type-of-service octet.
  box.relay->set_tos(call.ports.id, 0xb8);
  const int yes = 1;
  REQUIRE(setsockopt(call.far_end->number(), IPPROTO_IP, IP_RECVTOS, &yes, sizeof yes) == 0);
  REQUIRE(eventually([&] { return call.carried() == 0; }));
  REQUIRE(carried_again());
  REQUIRE(call.from_phone());
  CHECK(call.far_end->tos == 0xb8);
  // The end of the stream.
  box.relay->silence(call.ports.id);
  REQUIRE(eventually([&] { return call.carried() == 0; }));
  call.phone->send(call.to_near, nat::test::rtp(++call.up, 1));
  REQUIRE(eventually([&] { return call.report().from_phone.packets == call.up; }));
  CHECK(call.far_end->silent());
}

TEST_CASE("two phones whose streams are joined, and one whose bridge ended, lose no packet") {
  Kernel* k = kernel();
  if (!k || has_no_hosts()) return;
  MediaBox box;
  box.carry_by(*k);
  MediaCall a(box), b(box);
  REQUIRE(a.talk(30));
  REQUIRE(b.talk(30));
  REQUIRE(box.relay->carried() == 2);
  box.relay->bridge(a.ports.id, b.ports.id);
  REQUIRE(eventually([&] { return box.relay->carried() == 0; }));
  for (int i = 0; i < 30; ++i) {
    a.phone->send(a.to_near, nat::test::rtp(++a.up, 1));
    REQUIRE(b.phone->receive() == nat::test::rtp(a.up, 1));
  }
  box.relay->bridge(a.ports.id, MediaId::none);
  for (int i = 0; i < 40 && box.relay->carried() < 2; ++i) {
    // The first may still go to the other phone.
    a.phone->send(a.to_near, nat::test::rtp(++a.up, 1));
    REQUIRE(eventually([&] { return a.report().from_phone.packets == a.up; }));
    REQUIRE(a.from_far_end());
    REQUIRE(b.talk(1));
  }
  CHECK(box.relay->carried() == 2);
}

TEST_CASE("where this host translates addresses, streams stay on the sockets and are heard") {
  Kernel* k = kernel();
  if (!k || has_no_hosts()) return;
  MediaBox box;
  box.carry_by(*k);
  box.wire.box.sh(
      "ip addr add 10.77.2.9/24 dev far && nft 'add table ip t; add chain ip t out { type nat hook postrouting priority "
      "100; }; add rule ip t out oifname \"far\" ip protocol udp snat to 10.77.2.9'");
  MediaCall call(box);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(call.from_phone());
    CHECK(call.far_end->from.address == IpAddress::v4(0x0a4d0209));
    call.to_far = call.far_end->from;  // it answers to where packets come from
    REQUIRE(call.from_far_end());
    REQUIRE(call.carried() == 0);
  }
  CHECK(call.report().from_phone.lost == 0);
}

TEST_CASE("when the way out changes, packets come to the sockets, and are carried on the new way later") {
  Kernel* k = kernel();
  if (!k || has_no_hosts()) return;
  MediaBox box;
  box.carry_by(*k);
  MediaCall call(box);
  REQUIRE(call.talk(30));
  REQUIRE(call.carried() == 1);
  box.wire.box.sh("ip route add 10.77.2.2/32 dev far mtu 1000");
  REQUIRE(eventually([&] { return call.carried() == 0; }));
  REQUIRE(eventually([&] { return call.talk(1) && call.carried() == 1; }));
  CHECK(call.report().from_phone.lost == 0);
}

TEST_CASE("when the heart of its thread stops, packets come to the sockets and pass there") {
  Kernel* k = kernel();
  if (!k || has_no_hosts()) return;
  MediaBox box;
  box.carry_by(*k);
  MediaCall call(box);
  REQUIRE(call.talk(30));
  REQUIRE(call.carried() == 1);
  const auto stays = k->maps->ports();
  CHECK(stays == 2);
  k->maps->stop_beating(0);  // as after a crash, until the next tick
  REQUIRE(call.talk(100));
  CHECK(call.report().from_phone.lost == 0);
}

TEST_CASE("what a relay, or a stream, leaves behind in the kernel: nothing") {
  Kernel* k = kernel();
  if (!k || has_no_hosts()) return;
  {
    MediaBox box(2);
    box.carry_by(*k);
    {
      MediaCall call(box), second(box);
      REQUIRE(call.talk(30));
      REQUIRE(second.talk(30));
      CHECK(k->maps->ports() == 4);
    }
    REQUIRE(eventually([&] { return k->maps->ports() == 0; }));
    MediaCall call(box);
    REQUIRE(call.talk(30));
    REQUIRE(call.carried() == 1);
    box.wire.box.run([&] { box.relay->carry_by({}); });
    REQUIRE(eventually([&] { return call.carried() == 0; }));
    REQUIRE(call.talk(30));
    CHECK(k->maps->ports() == 0);
    box.carry_by(*k);
    REQUIRE(call.talk(30));
    CHECK(call.carried() == 1);
  }
  CHECK(k->maps->ports() == 0);
}

TEST_CASE("routes: on the link, through a gateway, to this host, by no Ethernet, none") {
  if (has_no_hosts()) return;
  const Wire wire;
  wire.box.sh(
      "ip route add 10.88.0.0/16 via 10.77.2.2 mtu lock 1400 && ip route add 10.89.0.0/16 dev lo && "
      "ip route add prohibit 10.90.0.0/16");
  wire.box.run([&] {
    auto opened = Routes::open();
    REQUIRE(opened);
    Routes& routes = **opened;
    const auto to = [&](std::uint32_t address) {
      return routes.find({IpAddress::v4(kFar), 20002}, {IpAddress::v4(address), 30000}, 0xb8);
    };
    const auto on_link = to(kServer);
    REQUIRE(on_link);
    CHECK(on_link->interface == if_nametoindex("far"));
    CHECK(on_link->next_hop == IpAddress::v4(kServer));
    CHECK(on_link->mtu == 1500);
    const auto behind = to(0x0a580001);
    REQUIRE(behind);
    CHECK(behind->next_hop == IpAddress::v4(kServer));
    CHECK(behind->mtu == 1400);
    CHECK_FALSE(to(kNear));
    CHECK_FALSE(to(0x0a590001));
    CHECK_FALSE(to(0x0a5a0001));
    CHECK_FALSE(to(0x0a630001));
    CHECK_FALSE(routes.changed());
    REQUIRE(std::system("ip link set far mtu 1300") == 0);
    CHECK(routes.changed());
    CHECK_FALSE(routes.changed());
    CHECK(to(kServer)->mtu == 1300);
    REQUIRE(std::system("ip route del 10.88.0.0/16") == 0);
    CHECK(routes.changed());
    CHECK_FALSE(to(0x0a580001));
    REQUIRE(std::system("ip link set far down") == 0);
    CHECK(routes.changed());
    CHECK_FALSE(to(kServer));
  });
}

}  // namespace
}  // namespace dw::nat::fast::test
