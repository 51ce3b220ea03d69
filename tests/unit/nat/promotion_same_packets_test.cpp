#include <array>
#include <random>
#include <vector>

#include "tests/unit/nat/carried_stream.hpp"

namespace dw::nat::test {
namespace {

using std::chrono::milliseconds;

struct Both {
  std::mt19937 random;
  Carried sockets, carried;
  TimePoint now{};
  struct Talker {
    Port in;
    Endpoint at;
    std::uint32_t ssrc;
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0;
  };
  std::vector<Talker> talkers;
  std::size_t compared = 0;

  Both(std::uint32_t seed, const StreamRules& rules) : random(seed), sockets(rules, false), carried(rules, true) {
    talkers = {{Port::phone_rtp, kPhoneEnd, 1},
               {Port::central_rtp, kFarEnd, 2},
               {Port::central_rtp, {kServer, 31000}, 3},
               {Port::phone_rtp, {kPhone, 5002}, 4},
               {Port::central_rtp, {kFarEnd.address, 30002}, 5},
               {Port::phone_rtp, {IpAddress::v4(0xc0000209), 5000}, 6},
               {Port::central_rtp, {IpAddress::v4(0xc0000209), 30000}, 7}};
  }
  unsigned below(unsigned n) { return static_cast<unsigned>(random() % n); }
  bool one_in(unsigned n) { return below(n) == 0; }

  void send(Port in, const Endpoint& from, const Buffer& octets) {
    const bool plain = !one_in(60);
    const auto a = sockets.packet(now, in, from, octets);
    const auto b = carried.packet(now, in, from, octets, plain);
    REQUIRE(a == b);
  }
  void packet() {
    // Mostly the two that talk; the others in spells.
    const unsigned who = one_in(40) ? below(static_cast<unsigned>(talkers.size())) : below(2);
    Talker& t = talkers[who];
    if (one_in(400)) t.ssrc += 16;
    if (one_in(300)) t.sequence = static_cast<std::uint16_t>(random());
    if (one_in(30)) t.sequence = static_cast<std::uint16_t>(t.sequence + below(40));
    ++t.sequence;
    t.timestamp += 160;
    Packet p{.sequence = t.sequence, .timestamp = t.timestamp, .ssrc = t.ssrc};
    if (one_in(40)) p.sequence = static_cast<std::uint16_t>(p.sequence - below(120));
    if (one_in(50)) p.octets = 0;
    if (one_in(30)) p.payload_type = std::array<std::uint8_t, 6>{8, 13, 101, 100, 97, 18}[below(6)];
    Buffer octets = rtp(p);
    if (one_in(80)) octets[0] = std::array<std::uint8_t, 5>{0x00, 0x40, 0xa0, 0x90, 0x81}[below(5)];
    if (one_in(80)) octets[1] = static_cast<std::uint8_t>(72 + below(8));
    if (one_in(100)) octets.resize(below(20));
    if (octets.size() > 12 && one_in(500)) octets[12] = static_cast<std::uint8_t>(200 + below(3));
    send(t.in, t.at, octets);
    if (one_in(60)) send(t.in, t.at, octets);  // doubled
    if (one_in(50)) send(t.in == Port::phone_rtp ? Port::phone_rtcp : Port::central_rtcp, t.at, kRtcp);
  }
  void command() {
    const unsigned which = below(10);
    const unsigned choice = below(3);
    const auto formats =
        std::make_shared<const MediaFormats>(MediaFormats{{101, 8000, MediaFormat::Kind::event}, {97, choice * 8000U}});
    const auto act = [&](RelaySession& s) {
      switch (which) {
        case 0:
          return s.reopen();
        case 1:
          return s.set_far_end(choice == 0   ? std::optional<Endpoint>()
                               : choice == 1 ? kFarEnd
                                             : Endpoint{kServer, 31000});
        case 2:
          return s.set_sources({{kServer}, choice == 0});
        case 3:
          return s.set_formats(choice == 0 ? MediaSide::phone : MediaSide::central, formats);
        case 4:
          return s.set_phone(now, choice == 0 ? std::optional<Endpoint>() : Endpoint{kPhone, 5004}, {});
        case 5:
          return s.set_opaque(choice == 0);
        case 6:
          return s.set_phone_address(now, choice == 0 ? kPhone : IpAddress::v4(0xc0000209));
        case 7:
          return s.open_way(Endpoint{kServer, 3478});
        default:
          return s.set_far_end(kFarEnd);
      }
    };
    sockets.command(act);
    carried.command(act);
  }
  void look() {
    carried.settle();
    ++compared;
    const RelaySession &a = sockets.session, &b = carried.session;
    for (const auto flow : {&RelaySession::from_phone, &RelaySession::from_central}) {
      const MediaFlow x = (a.*flow)(), y = (b.*flow)();
      REQUIRE(x.packets == y.packets);
      REQUIRE(x.octets == y.octets);
      REQUIRE(x.audio == y.audio);
      REQUIRE(x.delivered == y.delivered);
      REQUIRE(x.lost == y.lost);
      REQUIRE(x.reordered == y.reordered);
      REQUIRE(x.jitter == y.jitter);
      REQUIRE(x.first == y.first);
      REQUIRE(x.last == y.last);
      REQUIRE(x.heard == y.heard);
      REQUIRE(x.undelivered == y.undelivered);
      REQUIRE(x.payload_type == y.payload_type);
    }
    REQUIRE(a.strangers() == b.strangers());
    REQUIRE(a.phone() == b.phone());
    REQUIRE(a.to_phone() == b.to_phone());
    constexpr auto kIdle = std::chrono::seconds(15);
    REQUIRE(sockets.session.keepalive(now, kIdle) == carried.session.keepalive(now, kIdle));
    for (const Port port : {Port::central_rtp, Port::central_rtcp})
      REQUIRE(sockets.session.way_due(now, port, kIdle) == carried.session.way_due(now, port, kIdle));
  }
};

TEST_CASE("the same packets come out and are counted, whether a part of them was carried or none") {
  std::size_t entered = 0;
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Both both(seed, {.stated_first = seed % 3 == 0, .symmetric = seed % 2 == 0});
    both.sockets.session.set_far_end(kFarEnd);
    both.carried.session.set_far_end(kFarEnd);
    for (int i = 0; i < 12'000; ++i) {
      CAPTURE(i);
      both.now += milliseconds(both.one_in(800) ? 4000 : 10) + std::chrono::microseconds(both.below(3000));
      both.packet();
      if (both.one_in(250)) both.command();
      if (both.one_in(20)) both.look();
    }
    both.look();
    entered += both.carried.table.entered;
  }
  CHECK(entered > 500);  // else it would compare nothing
}

}  // namespace
}  // namespace dw::nat::test
