#include "nat/core/media/hold_ring.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace dw::nat;
using std::chrono::milliseconds;

namespace {

constexpr auto kA = static_cast<MediaId>(1);
constexpr auto kB = static_cast<MediaId>(2);

std::vector<int> release(HoldRing& ring, MediaId id, TimePoint now) {
  std::vector<int> out;
  ring.release(id, now, [&](Bytes packet) { out.push_back(packet[0]); });
  return out;
}
void hold(HoldRing& ring, MediaId id, TimePoint now, std::uint8_t mark) {
  CHECK(ring.hold(id, now, Buffer{mark}));
}

}  // namespace

TEST_CASE("what was held comes back once, oldest first, each stream's own") {
  HoldRing ring;
  for (std::uint8_t i = 0; i < 3; ++i) {
    hold(ring, kA, {}, i);
    hold(ring, kB, {}, static_cast<std::uint8_t>(100 + i));
  }
  CHECK(release(ring, kA, {}) == std::vector{0, 1, 2});
  CHECK(release(ring, kA, {}).empty());
  CHECK(release(ring, kB, {}) == std::vector{100, 101, 102});
}

TEST_CASE("the newest are kept when there are more than a jitter buffer takes") {
  HoldRing ring;
  for (std::uint8_t i = 0; i < 20; ++i)
    hold(ring, kA, {}, i);
  CHECK(release(ring, kA, {}) == std::vector{15, 16, 17, 18, 19});
}

TEST_CASE("old audio is not given back") {
  HoldRing ring;
  hold(ring, kA, TimePoint{}, 1);
  hold(ring, kA, TimePoint{} + milliseconds(100), 2);
  CHECK(release(ring, kA, TimePoint{} + HoldRing::kKeep + milliseconds(50)) == std::vector{2});
}

TEST_CASE("others overwrite what is never asked for, and the ring's ends meet") {
  HoldRing ring;
  hold(ring, kA, {}, 1);
  for (std::size_t i = 0; i + 1 < HoldRing::kSlots; ++i)
    hold(ring, kB, {}, 2);
  CHECK(release(ring, kA, {}) == std::vector{1});
  hold(ring, kA, {}, 3);
  for (std::size_t i = 0; i < HoldRing::kSlots; ++i)
    hold(ring, kB, {}, 2);
  CHECK(release(ring, kA, {}).empty());
  CHECK(release(ring, kB, {}).size() == HoldRing::kPerStream);
}

TEST_CASE("octets come back as they were, up to the slot's size") {
  HoldRing ring;
  Buffer packet(HoldRing::kSlotOctets);
  for (std::size_t i = 0; i < packet.size(); ++i)
    packet[i] = static_cast<std::uint8_t>(i * 7);
  CHECK(ring.hold(kA, {}, packet));
  bool same = false;
  ring.release(kA, {}, [&](Bytes held) { same = Buffer(held.begin(), held.end()) == packet; });
  CHECK(same);
  packet.push_back(0);
  CHECK_FALSE(ring.hold(kA, {}, packet));
}
