#include <sched.h>

#include <array>
#include <cstdlib>
#include <map>
#include <random>

#include "tests/loop/nat_fast/relays.hpp"

namespace dw::nat::fast::test {
namespace {

/// From here on everything runs on one processor, so packets that are sent one after another arrive, are handled and
/// leave in that order.
class OneProcessor {
 public:
  OneProcessor() {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
  }
  ~OneProcessor() { sched_setaffinity(0, sizeof before_, &before_); }

 private:
  cpu_set_t before_{};
};

/// The parties on either side of a box.
enum Who { phone, phone_beside, phone_elsewhere, far_end, far_beside, server, mallory, kWho };
struct Party {
  bool at_home;
  std::uint32_t address;
  std::uint16_t port;
};
constexpr std::array<Party, kWho> kParties = {{{true, kPhone, 5000},
                                               {true, kPhone, 5002},
                                               {true, kPhone + 1, 5000},
                                               {false, kServer, 30000},
                                               {false, kServer, 30002},
                                               {false, kServer + 1, 31000},
                                               {false, kServer + 2, 30000}}};

/// One relay between its own cables. RTCP of its second stream shows that all packets before it have been handled: it
/// is never carried, and so never overtakes.
struct World {
  MediaBox box;
  StreamPorts ports;
  std::array<std::unique_ptr<Peer>, kWho> parties;
  std::unique_ptr<Peer> fence_phone, fence_far, phone_control, far_control;
  Endpoint fence;
  std::uint8_t fences = 0;

  explicit World(bool symmetric) {
    box.wire.phone.sh("ip addr add 10.77.1.3/24 dev phone");
    box.wire.server.sh("ip addr add 10.77.2.3/24 dev server && ip addr add 10.77.2.4/24 dev server");
    const auto peer = [&](const Party& p) {
      return MediaBox::peer(p.at_home ? box.wire.phone : box.wire.server, p.address, p.port);
    };
    for (std::size_t i = 0; i < kWho; ++i)
      parties[i] = peer(kParties[i]);
    phone_control = peer({true, kPhone, 5001});
    far_control = peer({false, kServer, 30001});
    fence_phone = peer({true, kPhone, 6001});
    fence_far = peer({false, kServer, 32001});
    ports = box.open(symmetric);
    const StreamPorts second = box.open();
    fence = {box.near, static_cast<std::uint16_t>(second.phone_port + 1)};
    box.relay->set_far_end(second.id, Endpoint{IpAddress::v4(kServer), 32000}, {});
    box.relay->set_far_end(ports.id, parties[far_end]->at(), {});
  }
  /// Sends a packet, and returns who received it and its octets.
  std::vector<std::pair<std::size_t, Buffer>> send(std::size_t who, bool control, const Buffer& octets) {
    const bool at_home = kParties[who].at_home;
    const auto port = static_cast<std::uint16_t>((at_home ? ports.phone_port : ports.central_port) + (control ? 1 : 0));
    Peer& from = control ? *(at_home ? phone_control : far_control) : *parties[who];
    from.send({at_home ? box.near : box.far, port}, octets);
    // Its socket may stand in epoll's list already, before the packet's: what comes with the second is behind it.
    for (int i = 0; i < 2; ++i) {
      fence_phone->send(fence, nat::test::rtcp(++fences));
      REQUIRE(fence_far->receive() == nat::test::rtcp(fences));
    }
    std::vector<std::pair<std::size_t, Buffer>> out;
    const auto hear = [&](std::size_t index, Peer& peer) {
      while (auto heard = peer.receive(Duration::zero()))
        out.emplace_back(index, std::move(*heard));
    };
    for (std::size_t i = 0; i < kWho; ++i)
      hear(i, *parties[i]);
    hear(kWho, *phone_control);
    hear(kWho + 1, *far_control);
    return out;
  }
  MediaReport report() {
    box.relay->settle(ports.id);
    return box.relay->report(ports.id);
  }
};

struct Talker {
  Who who;
  std::uint32_t ssrc;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
};

struct Script {
  std::mt19937 random;
  std::vector<Talker> talkers = {{phone, 1},      {far_end, 2}, {phone_beside, 3}, {phone_elsewhere, 4},
                                 {far_beside, 5}, {server, 6},  {mallory, 7}};
  explicit Script(std::uint32_t seed) : random(seed) {}
  unsigned below(unsigned n) { return static_cast<unsigned>(random() % n); }
  bool one_in(unsigned n) { return below(n) == 0; }

  Buffer packet(Talker& t) {
    if (one_in(900)) t.ssrc += 16;
    if (one_in(900)) t.sequence = static_cast<std::uint16_t>(random());
    if (one_in(60)) t.sequence = static_cast<std::uint16_t>(t.sequence + below(40));
    ++t.sequence;
    t.timestamp += 160;
    Frame f;
    f.sequence = one_in(60) ? static_cast<std::uint16_t>(t.sequence - below(120)) : t.sequence;
    f.timestamp = t.timestamp;
    f.ssrc = t.ssrc;
    f.payload = Buffer(one_in(80) ? 0 : 20 + below(140), static_cast<std::uint8_t>(random()));
    if (one_in(60)) f.second = std::array<std::uint8_t, 5>{8, 13, 101, 97, 18}[below(5)];
    if (one_in(300)) f.first = std::array<std::uint8_t, 5>{0x00, 0x40, 0xa0, 0x90, 0x81}[below(5)];
    if (one_in(300)) f.second = static_cast<std::uint8_t>(192 + below(16));
    Buffer octets = f.octets();
    octets.erase(octets.begin(), octets.begin() + 42);
    if (one_in(400)) octets.resize(1 + below(15));
    return octets;
  }
};

void compare(const MediaReport& sockets, const MediaReport& carried) {
  for (const auto flow : {&MediaReport::from_phone, &MediaReport::from_central}) {
    const MediaFlow &a = sockets.*flow, &b = carried.*flow;
    REQUIRE(a.packets == b.packets);
    REQUIRE(a.octets == b.octets);
    REQUIRE(a.audio == b.audio);
    REQUIRE(a.delivered == b.delivered);
    REQUIRE(a.lost == b.lost);
    REQUIRE(a.reordered == b.reordered);
    REQUIRE(a.dropped == b.dropped);
    REQUIRE(a.payload_type == b.payload_type);
    REQUIRE(a.jitter.has_value() == b.jitter.has_value());
  }
  REQUIRE(sockets.strangers == carried.strangers);
  REQUIRE(sockets.phone == carried.phone);
}

/// How many, and of them how many while the stream was carried.
std::pair<std::size_t, std::size_t> compare_relays(Kernel& kernel, std::uint32_t seed, std::size_t packets) {
  World sockets(seed % 2 == 0), carried(seed % 2 == 0);
  carried.box.carry_by(kernel);
  Script script(seed);
  std::size_t sent = 0, while_carried = 0;
  const auto both = [&](std::size_t who, bool control, const Buffer& octets) {
    while_carried += carried.box.relay->carried();
    const auto a = sockets.send(who, control, octets);
    const auto b = carried.send(who, control, octets);
    ++sent;
    CAPTURE(sent);
    CAPTURE(who);
    REQUIRE(a == b);
  };
  const auto command = [&](const auto& what) {
    for (World* world : {&sockets, &carried})
      what(*world->box.relay, world->ports.id, *world);
  };
  while (sent < packets) {
    // Most packets are from the two that talk.
    Talker& t = script.talkers[script.one_in(60) ? script.below(kWho) : script.below(2)];
    const Buffer octets = script.packet(t);
    both(t.who, false, octets);
    if (script.one_in(100)) both(t.who, false, octets);
    if (script.one_in(80))
      both(script.one_in(2) ? phone : far_end, true, nat::test::rtcp(static_cast<std::uint8_t>(sent)));
    if (script.one_in(50)) compare(sockets.report(), carried.report());
    if (!script.one_in(600)) continue;
    switch (script.below(7)) {
      case 0:
        command([](Relay& r, MediaId id, World&) { r.reopen(id); });
        break;
      case 1:
        command([](Relay& r, MediaId id, World&) { r.set_far_end(id, {}, {}); });
        break;
      case 2:
        command([](Relay& r, MediaId id, World& w) { r.set_far_end(id, w.parties[server]->at(), {}); });
        break;
      case 3:
        command([](Relay& r, MediaId id, World&) { r.set_phone_address(id, IpAddress::v4(kPhone + 1)); });
        break;
      case 4:
        command([](Relay& r, MediaId id, World&) { r.set_phone_address(id, IpAddress::v4(kPhone)); });
        break;
      case 5:
        command([](Relay& r, MediaId id, World&) {
          r.set_formats(id, MediaSide::phone, {{101, 8000, MediaFormat::Kind::event}, {97, 16000}});
        });
        break;
      default:
        command([](Relay& r, MediaId id, World& w) { r.set_far_end(id, w.parties[far_end]->at(), {}); });
    }
  }
  compare(sockets.report(), carried.report());
  return {sent, while_carried};
}

TEST_CASE("the same packets, by sockets and by the kernel: the same come out, and the same is counted") {
  Kernel* k = kernel();
  if (!k || has_no_hosts()) return;
  const OneProcessor one;
  const char* const wanted = std::getenv("DROPWIRE_SAME_PACKETS");
  const std::size_t packets = wanted ? std::strtoul(wanted, nullptr, 10) : 6000;
  std::size_t all = 0, all_carried = 0;
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    const auto [sent, carried] = compare_relays(*k, seed, packets / 4);
    all += sent;
    all_carried += carried;
  }
  MESSAGE(all << " packets, " << all_carried << " of them while the stream was carried");
  CHECK(all_carried > all / 5);  // else it would compare nothing
}

}  // namespace
}  // namespace dw::nat::fast::test
