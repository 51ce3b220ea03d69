#include "sbc/sip/connection_slots.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;

namespace {

struct Door {
  ConnectionSlots slots{{100, 20}, 3};
  TimePoint now{1h};
  std::uint64_t last = 0;
  std::optional<ConnectionId> evicted;
  /// none: turned away.
  ConnectionId connect(const IpAddress& address, Standing standing = Standing::stranger) {
    const auto verdict = slots.take(now, address, standing);
    evicted = verdict.evicted;
    if (!verdict.granted()) return ConnectionId::none;
    const ConnectionId id{++last};
    slots.opened(now, id, address, standing);
    return id;
  }
  ConnectionId connect(std::uint32_t address, Standing standing = Standing::stranger) {
    return connect(IpAddress::v4(address), standing);
  }
};

}  // namespace

TEST_CASE("sip slots: idle connections make room for a phone, the one that is open longest first") {
  Door door;
  for (std::uint32_t n = 0; n < 50; ++n)
    CHECK(door.connect(0x30000000 + n % 10) != ConnectionId::none);
  CHECK(door.slots.size() == 50);
  CHECK(door.connect(0x0A000001) == ConnectionId::none);  // they came just now, and may be phones
  door.now += 1s;
  CHECK(door.connect(0x0A000001) != ConnectionId::none);
  CHECK(door.evicted == ConnectionId{1});
  CHECK(door.slots.size() == 50);  // strangers have half
  CHECK(door.connect(0x0A000002, Standing::registered) != ConnectionId::none);
  CHECK_FALSE(door.evicted);
}

TEST_CASE("sip slots: a connection over which a phone is registered stays, whoever comes") {
  Door door;
  const ConnectionId phone = door.connect(0x0A000001);
  door.slots.settled(phone);
  door.now += 1s;
  for (std::uint32_t n = 0; n < 1000; ++n) {
    door.connect(0x30000000 + n);
    CHECK(door.evicted != phone);
    door.now += 1s;
  }
  CHECK(door.slots.size() == 51);
  door.slots.closed(phone);
  door.slots.closed(phone);
  CHECK(door.slots.size() == 50);
}

TEST_CASE("sip slots: beside its own idle ones a source's phone finds room; an IPv6 customer is one source") {
  Door door;
  const auto v6 = [](unsigned n) { return IpAddress::parse("2001:db8:1:2::" + std::to_string(n)).value(); };
  for (unsigned n = 1; n <= 40; ++n)
    door.connect(v6(n));
  CHECK(door.slots.size() == 20);
  door.now += 1s;
  CHECK(door.connect(v6(50)) != ConnectionId::none);
  CHECK(door.evicted == ConnectionId{1});
  CHECK(door.slots.size() == 20);
}

TEST_CASE("sip slots: half messages of one source are bounded, and leave others room") {
  HalfMessages half(1);
  std::vector<HalfMessages::Held> held(1000);
  std::size_t kept = 0;
  const IpAddress stranger = IpAddress::v4(0x30000001);
  for (auto& h : held)
    kept += half.hold(h, stranger, Standing::stranger, 130'000) ? 1 : 0;
  CHECK(kept == 8);
  HalfMessages::Held phone;
  CHECK(half.hold(phone, IpAddress::v4(0x0A000001), Standing::stranger, 3000));
  CHECK(half.blocks() == 8 * 32 + 1);
  CHECK(half.hold(phone, IpAddress::v4(0x0A000001), Standing::stranger, 0));
  for (auto& h : held)
    half.hold(h, stranger, Standing::registered, 0);  // given back as it was taken
  CHECK(half.blocks() == 0);
}
