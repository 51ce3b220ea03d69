// Where streams are for the central side: pairs that the router mapped, those that STUN found, and another
// address of the router.
#include "tests/loop/proxy/desk_fixture.hpp"

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

TEST_CASE("mapped pairs: streams get them in turn, and the central side gets their external addresses") {
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
  // Streams keep what their sides got when the router maps something else.
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

TEST_CASE("outside pairs: streams get those that are ready, and the central side gets what the internet sees") {
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

TEST_CASE("outside pairs: one that the relay could not bind goes back at once, and nobody gets it") {
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

TEST_CASE("outside pairs: two streams are joined by the addresses that the server got") {
  Natted d;
  const auto alice = d.open(kAlice), bob = d.open(kBob);
  (void)d.desk.set_far_end(alice.id, bob.central_facing);
  CHECK(d.relay.all.at(alice.id).bridged == bob.id);
}

TEST_CASE("outside pairs: where RTCP has another port than the next one, it is named") {
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

TEST_CASE("another address of the router: whoever asks gets it from then on, where ports keep their numbers") {
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

TEST_CASE(
    "another address of the router: a call that is not heard since is reported, one that a server follows is not") {
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
  const auto reported = d.desk.router_moved();
  REQUIRE(reported);
  CHECK(reported->was == outside(0).address);
  CHECK(reported->is == kNewWan);
  CHECK(reported->streams == 1);
  CHECK_FALSE(reported->ended);
  d.desk.close(cut.id, MediaEnd::closed);
  REQUIRE(d.desk.router_moved());
  CHECK(d.desk.router_moved()->streams == 0);
  CHECK(d.desk.router_moved()->ended);
}

TEST_CASE(
    "another address of the router: a call that was silent before, and one that got it since, are not cut off by it") {
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
