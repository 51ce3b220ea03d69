#include "sbc/proxy/media_desk.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <map>
#include <vector>

using namespace dw;
using namespace std::chrono_literals;

namespace {

const IpAddress kOurs = *IpAddress::parse("192.168.1.10");
const IpAddress kCentral = *IpAddress::parse("10.0.0.5");
const IpAddress kServer = *IpAddress::parse("10.0.0.9");
const IpAddress kAlice = *IpAddress::parse("192.168.1.50"), kBob = *IpAddress::parse("192.168.1.51"),
                kCarol = *IpAddress::parse("192.168.1.52");

/// A relay that remembers what it was told.
class FakeRelay final : public nat::Relay {
 public:
  Result<void> configure(const nat::RelayOptions&) override { return {}; }
  struct Stream {
    std::optional<Endpoint> far_end, far_end_rtcp, phone, phone_rtcp;
    MediaSources sources;
    MediaId bridged = MediaId::none;
    int tos = -1;
    bool opaque = false, silent = false;
    std::optional<Endpoint> anchor;
    IpAddress roamed_to;
  };
  Result<nat::StreamPorts> open(const nat::StreamRequest& request) override {
    asked = request;
    const auto n = static_cast<std::uint16_t>(++last);
    all[MediaId{n}] = {};
    rather = {request.central_ports.begin(), request.central_ports.end()};
    if (!rather.empty() && gives_mapped)
      return nat::StreamPorts{MediaId{n}, static_cast<std::uint16_t>(20000 + 2 * n), rather.front()};
    return nat::StreamPorts{MediaId{n}, static_cast<std::uint16_t>(20000 + 2 * n),
                            static_cast<std::uint16_t>(30000 + 2 * n)};
  }
  void reopen(MediaId) override {}
  void set_phone(MediaId id, const std::optional<Endpoint>& rtp, const std::optional<Endpoint>& rtcp) override {
    all.at(id).phone = rtp;
    all.at(id).phone_rtcp = rtcp;
  }
  void set_phone_address(MediaId id, const IpAddress& address) override { all.at(id).roamed_to = address; }
  void set_far_end(MediaId id, const std::optional<Endpoint>& far_end,
                   const std::optional<Endpoint>& rtcp) override {
    all.at(id).far_end = far_end;
    all.at(id).far_end_rtcp = rtcp;
  }
  void set_sources(MediaId id, const MediaSources& sources) override { all.at(id).sources = sources; }
  void set_formats(MediaId, MediaSide, const MediaFormats&) override {}
  void open_way(MediaId id, const Endpoint& anchor) override { all.at(id).anchor = anchor; }
  void bridge(MediaId id, MediaId other) override { all.at(id).bridged = other; }
  void set_opaque(MediaId id, bool opaque) override { all.at(id).opaque = opaque; }
  void set_tos(MediaId id, std::uint8_t tos) override { all.at(id).tos = tos; }
  void silence(MediaId id) override { all.at(id).silent = true; }
  MediaReport report(MediaId id) const override {
    const auto at = reports.find(id);
    return at == reports.end() ? MediaReport{} : at->second;
  }
  void close(MediaId id) override { all.erase(id); }
  std::size_t streams() const override { return all.size(); }
  std::size_t capacity() const override { return 100; }
  nat::RelayCounts counts() const override { return counted; }
  void append_metrics(MetricsText&) const override {}

  std::map<MediaId, Stream> all;
  std::map<MediaId, MediaReport> reports;
  std::vector<std::uint16_t> rather;  ///< of the last stream
  nat::StreamRequest asked;  ///< of the last stream
  bool gives_mapped = true;
  nat::RelayCounts counted;
  int last = 0;
};

struct Desk {
  net::Loop loop;
  FakeRelay relay;
  proxy::MediaDesk desk;
  explicit Desk(proxy::MediaDesk::Options options = {}) : desk(loop, relay, options) {}
  MediaPorts open(const IpAddress& phone) {
    const auto ports = desk.open({phone, kOurs, kCentral, kServer});
    REQUIRE(ports);
    return *ports;
  }
};

proxy::MediaDesk::Options local() {
  proxy::MediaDesk::Options options;
  options.local = true;
  return options;
}

}  // namespace

TEST_CASE("both sides are told the address that is advertised, else the one the sockets stand at") {
  Desk plain;
  const auto ports = plain.open(kAlice);
  CHECK(ports.phone_facing == Endpoint{kOurs, 20002});
  CHECK(ports.central_facing == Endpoint{kCentral, 30002});
  proxy::MediaDesk::Options options;
  options.phone_advertise = *IpAddress::parse("203.0.113.10");
  options.central_advertise = *IpAddress::parse("203.0.113.11");
  Desk told(options);
  CHECK(told.open(kAlice).phone_facing.address == options.phone_advertise);
  CHECK(told.open(kAlice).central_facing.address == options.central_advertise);
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

TEST_CASE("two phones on our LAN are told each other's address, when that is wanted") {
  for (const bool wanted : {true, false}) {
    Desk d(wanted ? local() : proxy::MediaDesk::Options{});
    const auto alice = d.open(kAlice), bob = d.open(kBob);
    d.desk.set_phone_stated(alice.id, {kAlice, 16384});
    d.desk.set_phone_stated(bob.id, {kBob, 16500});
    const Endpoint told = d.desk.set_far_end(alice.id, bob.central_facing);
    CHECK(told == (wanted ? Endpoint{kBob, 16500} : alice.phone_facing));
    CHECK(d.desk.report(alice.id).direct == wanted);
    CHECK(d.relay.all.at(alice.id).bridged == bob.id);
  }
}

TEST_CASE("a phone whose address a router changed is never told, nor is one that has not said where it is") {
  Desk d(local());
  const auto alice = d.open(kAlice), bob = d.open(kBob);
  d.desk.set_phone_stated(alice.id, {kAlice, 16384});
  CHECK(d.desk.set_far_end(alice.id, bob.central_facing) == alice.phone_facing);  // Bob has not said
  d.desk.set_phone_stated(bob.id, {*IpAddress::parse("10.9.9.9"), 16500});
  CHECK(d.desk.set_far_end(alice.id, bob.central_facing) == alice.phone_facing);
  CHECK_FALSE(d.desk.report(alice.id).direct);
}

TEST_CASE("either both phones talk directly or neither does: what one is told first, the other follows") {
  Desk d(local());
  const auto alice = d.open(kAlice), bob = d.open(kBob);
  d.desk.set_phone_stated(alice.id, {kAlice, 16384});
  CHECK(d.desk.set_far_end(alice.id, bob.central_facing) ==
        alice.phone_facing);  // too early for Bob's address
  d.desk.set_phone_stated(bob.id, {kBob, 16500});
  CHECK(d.desk.set_far_end(bob.id, alice.central_facing) == bob.phone_facing);
  CHECK_FALSE(d.desk.report(alice.id).direct);
  CHECK_FALSE(d.desk.report(bob.id).direct);
}

TEST_CASE(
    "a phone that is told where to send before it said where it receives may go direct by what it registered "
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

TEST_CASE("the relay is told what is not RTP, and nothing of streams that are closed") {
  Desk d;
  const auto alice = d.open(kAlice), bob = d.open(kBob);
  d.desk.set_opaque(alice.id, true);
  CHECK(d.relay.all.at(alice.id).opaque);
  CHECK_FALSE(d.relay.all.at(bob.id).opaque);
  d.desk.close(alice.id, MediaEnd::lost);
  d.desk.set_opaque(alice.id, false);  // it lingers as it was
  CHECK(d.relay.all.at(alice.id).opaque);
}

namespace {

Endpoint central(std::uint16_t port) {
  return {kCentral, port};
}
Endpoint outside(std::uint16_t port) {
  return {*IpAddress::parse("203.0.113.101"), port};
}
const std::vector<proxy::MediaDesk::MappedPair> kThree = {
    {central(20000), outside(40000)}, {central(20002), outside(40002)}, {central(20004), outside(20004)}};

}  // namespace

TEST_CASE("mapped pairs: streams get them in turn, and the central side is told where they are from outside") {
  Desk d;
  d.desk.set_mapped(kThree);
  CHECK(d.open(kAlice).central_facing == outside(40000));
  CHECK(d.relay.rather == std::vector<std::uint16_t>{20000, 20002, 20004});
  // The one that was used last goes last, so that late packets meet no other call.
  CHECK(d.open(kAlice).central_facing == outside(40002));
  CHECK(d.relay.rather == std::vector<std::uint16_t>{20002, 20004, 20000});
  CHECK(d.open(kAlice).central_facing == outside(20004));
  CHECK(d.open(kAlice).central_facing == outside(40000));
  CHECK(d.desk.unmapped() == 0);
}

TEST_CASE("mapped pairs: beyond them, and at another address of ours, it is our own address") {
  Desk d;
  d.desk.set_mapped(kThree);
  d.relay.gives_mapped = false;
  CHECK(d.open(kAlice).central_facing == central(30002));
  CHECK(d.desk.unmapped() == 1);
  d.relay.gives_mapped = true;
  const IpAddress other = *IpAddress::parse("10.0.0.6");
  const auto ports = d.desk.open({kAlice, kOurs, other, kServer});
  REQUIRE(ports);
  CHECK(d.relay.rather.empty());
  CHECK(ports->central_facing == Endpoint{other, 30004});
}

TEST_CASE("mapped pairs: two streams are joined by their outside addresses, as the server tells those") {
  Desk d;
  d.desk.set_mapped(kThree);
  const auto alice = d.open(kAlice), bob = d.open(kBob);
  (void)d.desk.set_far_end(alice.id, bob.central_facing);
  CHECK(d.relay.all.at(alice.id).bridged == bob.id);
  // Streams keep what their sides were told when the router maps something else.
  d.desk.set_mapped({{central(20000), outside(50000)}});
  (void)d.desk.set_far_end(bob.id, alice.central_facing);
  CHECK(d.relay.all.at(bob.id).bridged == alice.id);
  CHECK(d.open(kAlice).central_facing == outside(50000));
}

TEST_CASE("mapped pairs: gone is gone, and counts nobody as unmapped") {
  Desk d;
  d.desk.set_mapped(kThree);
  (void)d.open(kAlice);
  d.desk.set_mapped({});
  CHECK(d.open(kAlice).central_facing == central(30004));
  CHECK(d.relay.rather.empty());
  CHECK(d.desk.unmapped() == 0);
}

TEST_CASE("mapped pairs: an address that a person gives counts more, whenever it is given or taken") {
  proxy::MediaDesk::Options given;
  given.central_advertise = *IpAddress::parse("198.51.100.1");
  Desk d;
  d.desk.set_mapped(kThree);
  d.desk.configure(given);
  CHECK(d.open(kAlice).central_facing == Endpoint{*given.central_advertise, 30002});
  CHECK(d.relay.rather.empty());
  d.desk.set_mapped({{central(20002), outside(40002)}});
  CHECK(d.open(kAlice).central_facing == Endpoint{*given.central_advertise, 30004});
  d.desk.configure({});
  CHECK(d.open(kAlice).central_facing == outside(40002));
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

TEST_CASE("the relay is told who may send, and whether phones are on a LAN of ours") {
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
  d.desk.set_rtcp(alice.id, MediaSide::central, Endpoint{kServer, 4009});  // told too late
  CHECK_FALSE(relayed.far_end_rtcp);
}

TEST_CASE("a call that went directly between the phones is told so when its media has ended") {
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
  const auto told = [&] {
    d.desk.set_sources(alice.id, {{}, true});
    return d.relay.all.at(alice.id).sources.first_comer;
  };
  CHECK(told());
  (void)d.desk.set_far_end(alice.id, Endpoint{kServer, 4000});
  CHECK_FALSE(told());
  (void)d.desk.set_far_end(alice.id, bob.central_facing);
  CHECK_FALSE(told());
  (void)d.desk.set_far_end(alice.id, std::nullopt);
  CHECK(told());
}

namespace {

/// A router that is asked for nothing.
struct FakeOutside final : nat::OutsidePorts {
  std::optional<Pair> take(const IpAddress& local) override {
    if (local != kCentral || ready.empty()) return std::nullopt;
    const std::uint16_t port = ready.front();
    ready.erase(ready.begin());
    return Pair{central(port), outside(static_cast<std::uint16_t>(port + 20000)), rtcp};
  }
  void give_back(const Endpoint& local) override { back.push_back(local); }
  std::optional<Endpoint> seen(const Endpoint& local) const override {
    return keeps_numbers ? std::optional(Endpoint{wan, local.port}) : std::nullopt;
  }
  std::optional<IpAddress> address(const IpAddress& local) const override {
    return local == kCentral ? std::optional(wan) : std::nullopt;
  }
  std::optional<Endpoint> anchor(const IpAddress& local) const override {
    return local == kCentral ? std::optional(kStun) : std::nullopt;
  }
  const Endpoint kStun = *Endpoint::parse("203.0.113.10:3478");
  std::vector<std::uint16_t> ready = {20000, 20002};
  std::vector<Endpoint> back;
  bool keeps_numbers = false;
  IpAddress wan = outside(0).address;
  std::optional<Endpoint> rtcp;  ///< of the pairs that stand ready
};

struct Natted : Desk {
  FakeOutside router;
  explicit Natted(proxy::MediaDesk::Options options = {}) : Desk(options) { desk.set_outside(&router); }
};

proxy::MediaDesk::Options quick_end() {
  proxy::MediaDesk::Options options;
  options.after_closed = options.after_lost = 5ms;
  return options;
}

}  // namespace

TEST_CASE("outside pairs: streams get those that stand ready, and the central side is told what the internet sees") {
  Natted d(quick_end());
  const auto first = d.open(kAlice);
  CHECK(first.central_facing == outside(40000));
  CHECK(d.relay.rather == std::vector<std::uint16_t>{20000});
  CHECK(d.relay.all.at(first.id).anchor == d.router.kStun);
  CHECK(d.open(kBob).central_facing == outside(40002));
  CHECK(d.open(kBob).central_facing == central(30006));  // none is ready
  CHECK(d.router.back.empty());
  // It is free again once the relay has ended the stream, not before.
  d.desk.close(first.id, MediaEnd::closed);
  CHECK(d.router.back.empty());
  CHECK(d.loop.run_until([&] { return !d.router.back.empty(); }, 5s));
  CHECK(d.router.back == std::vector{central(20000)});
  CHECK_FALSE(d.relay.all.contains(first.id));
}

TEST_CASE("outside pairs: one that the relay could not bind goes back at once, and is told to nobody") {
  Natted d;
  d.relay.gives_mapped = false;
  CHECK(d.open(kAlice).central_facing == central(30002));
  CHECK(d.router.back == std::vector{central(20000)});
}

TEST_CASE("outside pairs: of a router that keeps port numbers every port is known") {
  Natted d;
  d.router.keeps_numbers = true;
  d.router.ready.clear();
  const auto ports = d.open(kAlice);
  CHECK(ports.central_facing == outside(30002));
  CHECK(d.relay.all.at(ports.id).anchor == d.router.kStun);
}

TEST_CASE("outside pairs: granted mappings go first, and need no way opened") {
  Natted d;
  d.desk.set_mapped(kThree);
  const auto ports = d.open(kAlice);
  CHECK(ports.central_facing == outside(40000));
  CHECK_FALSE(d.relay.all.at(ports.id).anchor);
  CHECK(d.router.ready.size() == 2);
}

TEST_CASE("outside pairs: an address that a person gives counts more") {
  proxy::MediaDesk::Options given;
  given.central_advertise = *IpAddress::parse("198.51.100.1");
  Natted d(given);
  const auto ports = d.open(kAlice);
  CHECK(ports.central_facing == Endpoint{*given.central_advertise, 30002});
  CHECK_FALSE(d.relay.all.at(ports.id).anchor);
  CHECK(d.router.ready.size() == 2);
}

TEST_CASE("outside pairs: two streams are joined by what the server was told of them") {
  Natted d;
  const auto alice = d.open(kAlice), bob = d.open(kBob);
  (void)d.desk.set_far_end(alice.id, bob.central_facing);
  CHECK(d.relay.all.at(alice.id).bridged == bob.id);
}

TEST_CASE("a far end that names another call's port gets nobody out of that call, and is told no phone's own address") {
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

TEST_CASE("a phone that roamed in a call: its old address is told to no other phone, and the relay knows where it may be") {
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
  for (int i = 0; i < 50; ++i) streams.push_back(d.open(kAlice));
  CHECK_FALSE(d.desk.open({kAlice, kOurs, kCentral, kServer}));
  for (const MediaPorts& stream : streams) d.desk.set_phone(stream.id, kBob);
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
  for (const MediaRequest& here : {MediaRequest{kAlice, kOurs, kCentral, kCentral}, MediaRequest{kAlice, kOurs, kCentral, {}, {}, {kCentral}}}) {
    const auto ports = d.desk.open(here);
    REQUIRE(ports);
    (void)d.desk.set_far_end(ports->id, Endpoint{kCentral, 4000});
    CHECK(d.relay.all.at(ports->id).far_end == Endpoint{kCentral, 4000});
  }
}

TEST_CASE("what the relay dropped is told of the last five minutes, and of less at the beginning") {
  proxy::MediaDrops drops;
  const auto lately = [&](std::uint64_t packets, std::uint64_t dropped) {
    const nat::RelayCounts told = drops.lately({packets, dropped});
    return std::pair(told.packets, told.dropped);
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

TEST_CASE("outside pairs: where RTCP has another port than the next one, it is told") {
  Natted d;
  d.router.rtcp = outside(55555);
  const auto apart = d.open(kAlice);
  CHECK(apart.central_facing == outside(40000));
  CHECK(apart.central_rtcp == outside(55555));
  d.router.rtcp = outside(40003);
  CHECK_FALSE(d.open(kAlice).central_rtcp);  // the next one
  d.router.ready.clear();
  CHECK_FALSE(d.open(kAlice).central_rtcp);
  d.desk.set_mapped({{central(20000), outside(40000), outside(40009)}});
  CHECK(d.open(kAlice).central_rtcp == outside(40009));
}

namespace {

const IpAddress kNewWan = *IpAddress::parse("203.0.113.202");

/// As after `ago`: audio of the phone until now, of the central side until then.
MediaReport spoken(TimePoint now, Duration ago) {
  MediaReport report;
  report.from_phone.packets = report.from_central.packets = 100;
  report.from_phone.last = now;
  report.from_central.last = now - ago;
  return report;
}

}  // namespace

TEST_CASE("another address of the router: whoever asks is told it from then on, where ports keep their numbers") {
  Natted d;
  d.router.ready = {20000};
  const auto lent = d.open(kAlice);
  const auto own = d.open(kBob);
  CHECK(lent.central_facing == outside(40000));
  CHECK(own.central_facing == central(30004));
  d.router.wan = kNewWan;
  d.desk.outside_changed();
  CHECK(d.desk.ports(lent.id).central_facing == outside(40000));  // nobody knows its new port
  d.router.keeps_numbers = true;
  CHECK(d.desk.ports(lent.id).central_facing == Endpoint{kNewWan, 20000});
  CHECK(d.desk.ports(own.id).central_facing == Endpoint{kNewWan, 30004});
  CHECK(d.desk.ports(MediaId::none).id == MediaId::none);
  // Whoever still has the old one means the same stream.
  (void)d.desk.set_far_end(own.id, outside(40000));
  CHECK(d.relay.all.at(own.id).bridged == lent.id);
  (void)d.desk.set_far_end(own.id, Endpoint{kNewWan, 20000});
  CHECK(d.relay.all.at(own.id).bridged == lent.id);
  d.desk.close(lent.id, MediaEnd::closed);
  (void)d.desk.set_far_end(own.id, outside(40000));
  CHECK(d.relay.all.at(own.id).bridged == MediaId::none);
}

TEST_CASE("another address of the router: what STUN learned of a port holds as long as the address does") {
  Natted d;
  d.router.keeps_numbers = true;  // of other ports
  const auto lent = d.open(kAlice);
  CHECK(d.desk.ports(lent.id).central_facing == outside(40000));
}

TEST_CASE("another address of the router: a call that is not heard since is told of, one that a server follows is not") {
  Natted d(quick_end());
  const auto cut = d.open(kAlice), followed = d.open(kBob);
  d.router.wan = kNewWan;
  d.desk.outside_changed();
  CHECK_FALSE(d.desk.router_moved());  // a server that goes by packets needs a moment
  const TimePoint moved = d.loop.now();
  REQUIRE(d.loop.run_until([&] { return d.loop.now() >= moved + 3s; }, 10s));
  d.relay.reports[cut.id] = spoken(d.loop.now(), 4s);
  d.relay.reports[followed.id] = spoken(d.loop.now(), 20ms);
  CHECK(d.desk.report(cut.id).router_moved);
  CHECK_FALSE(d.desk.report(followed.id).router_moved);
  const auto told = d.desk.router_moved();
  REQUIRE(told);
  CHECK(told->was == outside(0).address);
  CHECK(told->is == kNewWan);
  CHECK(told->streams == 1);
  CHECK_FALSE(told->ended);
  d.desk.close(cut.id, MediaEnd::closed);
  REQUIRE(d.desk.router_moved());
  CHECK(d.desk.router_moved()->streams == 0);
  CHECK(d.desk.router_moved()->ended);
}

TEST_CASE("another address of the router: a call that was silent before, and one that was told again, are not cut off by it") {
  Natted d;
  const auto silent = d.open(kAlice), again = d.open(kBob);
  d.router.wan = kNewWan;
  d.router.keeps_numbers = true;
  d.desk.outside_changed();
  (void)d.desk.ports(again.id);
  const TimePoint moved = d.loop.now();
  REQUIRE(d.loop.run_until([&] { return d.loop.now() >= moved + 3s; }, 10s));
  d.relay.reports[silent.id].from_phone.last = d.loop.now();
  d.relay.reports[again.id] = spoken(d.loop.now(), 4s);
  CHECK_FALSE(d.desk.report(silent.id).router_moved);
  CHECK_FALSE(d.desk.report(again.id).router_moved);
  CHECK_FALSE(d.desk.router_moved());
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
