// Homes and their routers: tftp-nat §5, rows 61, 62, 48 and 90.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/sim/provisioning/tftp_world.hpp"

namespace dw::tftp::sim {

TEST_CASE("case 62: the router reboots in mid-transfer and gives the phone another port: the file is whole") {
  for (const unsigned window : {0U, 4U, 16U}) {
    for (const unsigned loss : {0U, 2U}) {
      for (unsigned seed = 1; seed <= 10; ++seed) {
        CAPTURE(window);
        CAPTURE(loss);
        CAPTURE(seed);
        World world(seed, {.loss = loss}, 600000);
        const auto phone = world.add({.blksize = 1428, .window = window});
        while (world.phone(phone).datas() < 20 + seed)
          REQUIRE(world.step(world.now + 1h));
        world.reboot_router(phone, 61000);
        world.run(2s);
        world.reboot_router(phone, 62000);
        world.run(1h);
        CHECK(world.whole(phone));
        CHECK(world.sessions.counters().adopted_ports >= 1);
        CHECK(world.sessions.active() == 0);
      }
    }
  }
}

TEST_CASE("case 62: five phones of one home, all moved at once: each goes on") {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    World world(seed, {}, 100000);
    std::vector<std::size_t> phones;
    for (unsigned i = 0; i < 5; ++i) {
      phones.push_back(world.add({.port = static_cast<std::uint16_t>(50000 + i),
                                  .timeout = 2s + 300ms * i,
                                  .ack_delay = 1ms * (i + 1)}));  // so that they are at different blocks
    }
    world.run(2s);
    for (unsigned i = 0; i < 5; ++i)
      world.reboot_router(phones[i], static_cast<std::uint16_t>(61000 + i));
    world.run(1h);
    for (const auto phone : phones)
      CHECK(world.whole(phone));
    CHECK(world.sessions.counters().adopted_ports >= 5);
  }
}

TEST_CASE("case 61: the router is away for 10 s and keeps the port") {
  World world(1, {}, 300000);
  const auto phone = world.add({});
  world.run(1s);
  world.reboot_router(phone, 1);  // away
  world.run(10s);
  world.reboot_router(phone, 49152);
  world.run(1h);
  CHECK(world.whole(phone));
  CHECK(world.sessions.counters().adopted_ports == 0);
}

TEST_CASE("case 48: 128 phones at once: all whole, none late") {
  World world(1, {}, 50000);
  std::vector<std::size_t> phones;
  for (unsigned i = 0; i < 128; ++i)
    phones.push_back(world.add({.port = static_cast<std::uint16_t>(50000 + i)}));
  world.run(1h);
  std::vector<Duration> times;
  for (const auto phone : phones)
    CHECK(world.whole(phone));
  for (const auto& report : world.ended)
    times.push_back(report.took);
  REQUIRE(times.size() >= 128);
  std::ranges::sort(times);
  CHECK(times.back() * 10 <= times[times.size() / 2] * 11);
}

TEST_CASE("case 90: 1000 clients of one ACK in 20 s are freed, and a phone is served meanwhile") {
  SessionsOptions options;
  options.max_sessions = 1001;
  options.guard.source_burst = options.guard.network_burst = 2000;  // they are all of one address
  World world(1, {}, 1 << 20, options);
  for (unsigned i = 0; i < 1000; ++i) {
    world.add({.port = static_cast<std::uint16_t>(2000 + i), .timeout = 10min, .ack_delay = 20s});
  }
  world.run(25s);
  CHECK(world.sessions.active() == 1000);
  const auto phone = world.add({.port = 60000});
  world.run(3min);
  CHECK(world.sessions.active() == 0);
  CHECK(world.whole(phone));
}

}  // namespace dw::tftp::sim
