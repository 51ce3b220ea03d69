// Transfers over links that lose, double and reorder: tftp-nat §5, rows 33 to 44 and 49.
#include <doctest/doctest.h>

#include "tests/sim/provisioning/tftp_world.hpp"

namespace dw::tftp::sim {
namespace {

std::uint64_t blocks_of(std::size_t size, std::size_t blksize) {
  return size / blksize + 1;
}

}  // namespace

TEST_CASE("case 38: lock-step over links that lose 0, 2, 10 and 30 %") {
  for (const unsigned loss : {0U, 2U, 10U, 30U}) {
    for (unsigned seed = 1; seed <= 10; ++seed) {
      CAPTURE(loss);
      CAPTURE(seed);
      constexpr std::size_t kSize = 40000;
      World world(seed, {.loss = loss}, kSize);
      const auto phone = world.add({});
      world.run(1h);
      CHECK_FALSE(world.busy());
      CHECK(world.sessions.active() == 0);
      const bool whole = world.whole(phone);
      if (loss <= 10) CHECK(whole);
      // Or it ended cleanly: the phone gave up, or got an error. Never a file that looks whole and is not.
      CHECK((whole || world.phone(phone).state() == Phone::State::failed));
      const auto& counters = world.sessions.transfer_counters();
      if (loss == 0) CHECK(counters.retransmissions == 0);
      CHECK(counters.data_packets <= blocks_of(kSize, 512) * (loss == 30 ? 6 : 2));
    }
  }
}

TEST_CASE("case 38: at 30 % nearly all get through, within minutes") {
  unsigned whole = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    World world(seed, {.loss = 30}, 20000);
    const auto phone = world.add({});
    const TimePoint began = world.now;
    world.run(1h);
    whole += world.whole(phone) ? 1 : 0;
    if (!world.ended.empty())
      CHECK(world.ended.front().took + began.time_since_epoch() < began.time_since_epoch() + 30min);
  }
  CHECK(whole >= 18);
}

TEST_CASE("case 38: at 2 % and 50 ms within 1.3 times loss-free plus an RTO for each loss") {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    constexpr std::size_t kSize = 1 << 20;
    World world(seed, {.loss = 2, .one_way = 25ms}, kSize);
    const auto phone = world.add({.blksize = 1428});
    world.run(1h);
    REQUIRE(world.whole(phone));
    REQUIRE(world.ended.size() >= 1);
    const auto loss_free = 50ms * blocks_of(kSize, 1428);
    const auto for_losses = 400ms * world.lost;  // an RTO of 200 ms, twice in a row for some
    CHECK(world.ended.back().took < 1.3 * (loss_free + for_losses));
  }
}

TEST_CASE("case 35: every ACK comes twice: each DATA is sent once") {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    constexpr std::size_t kSize = 100000;
    World world(seed, {.duplicate_up = 100}, kSize);
    const auto phone = world.add({});
    world.run(1h);
    CHECK(world.whole(phone));
    // The RRQ came twice too, so DATA 1 went twice.
    CHECK(world.sessions.transfer_counters().data_packets <= blocks_of(kSize, 512) + 1);
  }
}

TEST_CASE("case 36: everything comes twice: no growth of traffic") {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    constexpr std::size_t kSize = 100000;
    World world(seed, {.duplicate_up = 100, .duplicate_down = 100}, kSize);
    const auto phone = world.add({});
    world.run(1h);
    CHECK(world.whole(phone));
    CHECK(world.sessions.transfer_counters().data_packets <= blocks_of(kSize, 512) + 1);
    CHECK(world.phone(phone).acks() <= world.phone(phone).datas());
  }
}

TEST_CASE("case 37: window 16, 10 % out of order: whole, and less than twice the packets") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    constexpr std::size_t kSize = 2 << 20;
    World world(seed, {.reorder = 10}, kSize);
    const auto phone = world.add({.blksize = 1428, .window = 16});
    world.run(1h);
    CHECK(world.whole(phone));
    CHECK(world.sessions.transfer_counters().data_packets < 2 * blocks_of(kSize, 1428));
  }
}

TEST_CASE("case 38, case 49: windows over links that lose") {
  for (const unsigned loss : {0U, 2U, 10U}) {
    for (const unsigned window : {2U, 4U, 16U}) {
      for (unsigned seed = 1; seed <= 5; ++seed) {
        CAPTURE(loss);
        CAPTURE(window);
        CAPTURE(seed);
        constexpr std::size_t kSize = 400000;
        World world(seed, {.loss = loss}, kSize);
        const auto phone = world.add({.blksize = 1428, .window = window});
        world.run(1h);
        CHECK(world.whole(phone));
        const auto packets = world.sessions.transfer_counters().data_packets;
        if (loss == 0) CHECK(packets == blocks_of(kSize, 1428));
        CHECK(packets < blocks_of(kSize, 1428) * 4);
      }
    }
  }
}

TEST_CASE("a window is faster than lock-step, with loss too") {
  const auto took = [](unsigned window, unsigned loss) {
    World world(7, {.loss = loss, .one_way = 25ms}, 1 << 20);
    const auto phone = world.add({.blksize = 1428, .window = window});
    world.run(1h);
    REQUIRE(world.whole(phone));
    return world.ended.back().took;
  };
  CHECK(took(16, 0) * 8 < took(1, 0));
  CHECK(took(16, 2) * 2 < took(1, 2));
}

TEST_CASE("case 19: blksize 8, over 1 MB: the number rolls over twice, over a bad link") {
  for (const unsigned window : {0U, 16U}) {
    constexpr std::size_t kSize = (1 << 20) + 5;
    World world(3, {.loss = window == 0 ? 0U : 1U, .one_way = 1ms}, kSize);
    const auto phone = world.add({.blksize = 8, .window = window});
    world.run(3h);
    CHECK(world.whole(phone));
    CHECK(world.ended.back().last_block == blocks_of(kSize, 8));
  }
}

TEST_CASE("everything at once, many seeds: whole or cleanly over, and the books balance") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    const Link link{.loss = seed % 13, .duplicate_up = seed % 30, .duplicate_down = seed % 17, .reorder = seed % 40};
    World world(seed, link, 1000 * (seed % 50));
    std::vector<std::size_t> phones;
    for (unsigned i = 0; i < 4; ++i) {
      const PhoneOptions options{
          .port = static_cast<std::uint16_t>(50000 + i), .blksize = i % 2 == 0 ? 0U : 600U, .window = i < 2 ? 0U : 5U};
      phones.push_back(world.add(options));
    }
    world.run(1h);
    for (const auto phone : phones) {
      CHECK((world.whole(phone) || world.phone(phone).state() == Phone::State::failed));
    }
    const auto& c = world.sessions.counters();
    std::uint64_t ended = 0;
    for (const auto n : c.ended)
      ended += n;
    CHECK(world.sessions.active() == 0);
    CHECK(c.started == ended);
  }
}

}  // namespace dw::tftp::sim
