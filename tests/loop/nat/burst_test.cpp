// Packets that come all at once, or wait for too long.
#include <atomic>

#include "tests/loop/nat/relay_fixture.hpp"

using namespace dw;
using namespace dw::nat;
using namespace dw::nat::test;

namespace {

std::atomic<bool> stalled{false};
/// The media thread reads the clock whenever it wakes, so it can be held here.
TimePoint stalling_clock() {
  stalled.wait(true);
  return Clock::now();
}
struct Stall {
  Stall() { stalled = true; }
  ~Stall() { end(); }
  void end() {
    stalled = false;
    stalled.notify_all();
  }
};

std::unique_ptr<Relay> stalling_relay(RelayOptions options) {
  options.clock = &stalling_clock;
  auto relay = make_epoll_relay(options);
  REQUIRE(relay);
  return std::move(*relay);
}

}  // namespace

TEST_CASE("a burst that comes while the media thread is away passes whole: a second of voice, a picture") {
  RelayOptions options;
  options.max_age = kPatience;
  const auto relay = stalling_relay(options);
  for (const auto& [packets, octets] : {std::pair<int, std::size_t>{60, 160}, {60, 1200}}) {
    Call call(*relay);
    call.name_far_end();
    call.latch();
    Stall stall;
    for (int i = 0; i < packets; ++i)
      call.phone.send(call.phone_side, rtp(++call.sequence, 7, octets));
    stall.end();
    for (int i = packets - 1; i >= 0; --i)
      CHECK(call.far_end.receive() == rtp(static_cast<std::uint16_t>(call.sequence - i), 7, octets));
    CHECK(eventually([&] { return call.report().from_phone.delivered == 2U + static_cast<unsigned>(packets); }));
    CHECK(call.report().from_phone.dropped == 0);
  }
}

TEST_CASE("what overflows a socket of ours is counted apart and is no loss on the way") {
  RelayOptions options;
  options.max_age = kPatience;
  options.receive_buffer = 4 << 10;
  const auto relay = stalling_relay(options);
  Call call(*relay);
  call.name_far_end();
  call.latch();
  {
    Stall stall;
    for (int i = 0; i < 100; ++i)
      call.phone.send(call.phone_side, rtp(++call.sequence));
  }
  while (call.far_end.receive(milliseconds(200))) {
  }
  call.phone.send(call.phone_side, rtp(++call.sequence));  // the kernel reports an overflow with the next packet
  CHECK(eventually([&] { return call.report().from_phone.dropped > 0; }));
  const MediaFlow flow = call.report().from_phone;
  CHECK(flow.packets + flow.dropped == 103);
  CHECK(flow.delivered == flow.packets);
  CHECK(flow.lost == 0);
}

TEST_CASE("what waited here for too long goes nowhere, is counted apart, and is no loss on the way") {
  RelayOptions options;
  options.max_age = Duration::zero();  // every packet is older than that
  const auto strict = stalling_relay(options);
  Call call(*strict);
  call.name_far_end();
  Stall stall;
  for (int i = 0; i < 40; ++i)  // more than are read at once
    call.phone.send(call.phone_side, rtp(++call.sequence));
  stall.end();
  // The first packet of a socket is never late: nothing waits behind it yet.
  CHECK(eventually([&] { return call.report().from_phone.dropped == 39; }));
  CHECK(call.report().from_phone.packets == 40);
  CHECK(call.report().from_phone.lost == 0);
  CHECK(call.report().from_phone.delivered == 1);
  CHECK(call.far_end.receive() == rtp(static_cast<std::uint16_t>(call.sequence - 39)));
  CHECK(call.far_end.silent());
}
