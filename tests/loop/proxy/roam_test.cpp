// A phone that roams in a call: SCCP, what signalling sees of the relay, and the relay itself, through real sockets.
#include "sbc/proxy/media_desk.hpp"
#include "tests/loop/nat/relay_fixture.hpp"
#include "tests/loop/proxy/town.hpp"

using namespace dw;
using namespace dw::sim;
namespace rtp_test = dw::nat::test;

namespace {

/// Its proxy goes before the desk, and that before the relay.
struct RelayedTown {
  std::unique_ptr<nat::Relay> relay = rtp_test::make_relay();
  Town town;
  proxy::MediaDesk desk{town.loop, *relay, {}};
  RelayedTown() { town.media = &desk; }
  ~RelayedTown() { town.proxy.reset(); }
};

}  // namespace

TEST_CASE(
    "a roamed SCCP phone is heard and hears where it is now, once two packets of its own audio came from there in order") {
  RelayedTown relayed;
  Town& town = relayed.town;
  TestServer& server = town.add_server();
  town.start();
  TestPhone phone(town.loop, "SEP001122334401", 2), roamed(town.loop, "SEP001122334401", 3);
  phone.connect(town.at());
  REQUIRE(town.until([&] { return phone.core.is_registered(); }));
  phone.act(phone.core.dial(town.loop.now(), "600"));
  REQUIRE(
      town.until([&] { return phone.saw(PhoneEvent::Kind::transmit_started) && !server.core.rtp_targets().empty(); }));
  const auto started = std::ranges::find(phone.events, PhoneEvent::Kind::transmit_started, &PhoneEvent::kind);
  const Endpoint near_side = started->remote;
  const auto [far_port, far_side] = server.core.rtp_targets().front();
  rtp_test::Peer before(loopback(2)), after(loopback(3)), other(loopback(3)), far(server.address(), far_port);
  std::uint16_t sequence = 0, from_far = 0;
  const auto passes = [&](rtp_test::Peer& from) {
    from.send(near_side, rtp_test::rtp(++sequence));
    return far.receive() == rtp_test::rtp(sequence);
  };
  const auto hears = [&](rtp_test::Peer& who) {
    far.send(far_side, rtp_test::rtp(++from_far, 99));
    return who.receive() == rtp_test::rtp(from_far, 99);
  };
  REQUIRE(passes(before));
  REQUIRE(passes(before));
  REQUIRE(hears(before));
  REQUIRE(town.until([&] {  // the media thread has reported what passed
    const auto calls = town.proxy->calls();
    const auto& media = calls.at(0).streams.at(0).media;
    return media.from_phone.heard && media.from_central.heard;
  }));

  phone.stream.reset();
  REQUIRE(town.until([&] { return town.proxy->connections() == 0; }));
  CHECK(town.proxy->preserved_calls() == 1);
  roamed.connect(town.at());
  REQUIRE(town.until([&] { return roamed.core.is_registered(); }));
  // That somebody has its name there is not enough: the audio is where it was until the phone's own comes from there.
  CHECK(hears(before));
  for (std::uint16_t i = 1; i <= 4; ++i)
    other.send(near_side, rtp_test::rtp(i, 12'345));
  CHECK(hears(before));
  CHECK(passes(after));
  CHECK(passes(after));
  CHECK(hears(after));
  before.send(near_side, rtp_test::rtp(static_cast<std::uint16_t>(sequence + 1)));
  CHECK(hears(after));
  CHECK(before.silent());
  CHECK(other.silent());
  CHECK(far.silent());
}
