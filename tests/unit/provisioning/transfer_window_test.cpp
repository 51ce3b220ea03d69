// RFC 7440, and what tftp-nat §1.2 asks of a sender with more than one block in flight.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include "tests/unit/provisioning/tftp_desk.hpp"

namespace dw::tftp {
using namespace test;

namespace {

constexpr auto kRoundTrip = 40ms;

Said blocks(std::uint64_t first, std::uint64_t last, std::size_t size = 512) {
  Said said;
  for (std::uint64_t n = first; n <= last; ++n)
    said.push_back(fmt::format("DATA {} ({})", n, size));
  return said;
}

/// A transfer of `size` octets with this window, OACK acknowledged after a round trip: DATA 1 to w under way.
void begin(Desk& desk, std::size_t size, unsigned window) {
  desk.file("f", size);
  desk.gives(rrq("f", fmt::format("windowsize={}", window)));
  desk.wait(kRoundTrip);
  desk.ack(0);
}

}  // namespace

TEST_CASE("a window at a time, one ACK each, the last one short") {
  Desk desk;
  begin(desk, 512 * 10 + 7, 4);
  CHECK(desk.said() == [] {
    Said said = blocks(1, 4);
    said.insert(said.begin(), "OACK windowsize=4");
    return said;
  }());
  desk.wait(kRoundTrip);
  desk.ack(4);
  CHECK(desk.said() == blocks(5, 8));
  desk.wait(kRoundTrip);
  desk.ack(8);
  Said rest = blocks(9, 10);
  rest.push_back("DATA 11 (7)");
  CHECK(desk.said() == rest);
  desk.wait(kRoundTrip);
  desk.ack(11);
  CHECK(desk.last().outcome == TransferOutcome::sent);
  CHECK(desk.sessions.transfer_counters().retransmissions == 0);
}

TEST_CASE("case 49: block 5 of 16 is lost: again from 5, once, however often ACK 4 comes") {
  Desk desk;
  begin(desk, 1 << 20, 16);
  (void)desk.said();
  desk.wait(kRoundTrip);
  for (int i = 0; i < 11; ++i)
    desk.ack(4);                        // one for each block behind the gap
  CHECK(desk.said() == blocks(5, 12));  // half at once, the rest a round trip later
  desk.wait(kRoundTrip);
  CHECK(desk.said() == blocks(13, 20));
  desk.wait(kRoundTrip);
  desk.ack(20);
  CHECK(desk.said() == blocks(21, 30));
  desk.wait(kRoundTrip);
  CHECK(desk.said() == blocks(31, 36));
}

TEST_CASE("the first block of a window is lost: the repeated ACK brings it again, once") {
  Desk desk;
  begin(desk, 1 << 20, 4);
  desk.wait(kRoundTrip);
  desk.ack(4);
  (void)desk.said();
  desk.wait(kRoundTrip);
  for (int i = 0; i < 3; ++i)
    desk.ack(4);
  CHECK(desk.said() == blocks(5, 6));
  desk.wait(kRoundTrip);
  CHECK(desk.said() == blocks(7, 8));
}

TEST_CASE("case 35: an ACK that the network doubles brings no second window") {
  Desk desk;
  begin(desk, 1 << 20, 4);
  (void)desk.said();
  for (std::uint64_t block = 4; block <= 40; block += 4) {
    desk.wait(kRoundTrip);
    desk.ack(block);
    desk.wait(1ms);
    desk.ack(block);
    CHECK(desk.said() == blocks(block + 1, block + 4));
  }
  CHECK(desk.sessions.transfer_counters().retransmissions == 0);
}

TEST_CASE("the timer sends half the window, the rest a round trip later, and less each time") {
  Desk desk;
  begin(desk, 1 << 20, 8);
  desk.wait(kRoundTrip);
  desk.ack(8);
  (void)desk.said();
  desk.wait(220ms);
  CHECK(desk.said() == blocks(9, 12));
  desk.wait(kRoundTrip + 20ms);
  CHECK(desk.said() == blocks(13, 16));
  desk.wait(600ms);
  CHECK(desk.said().front() == "DATA 9 (512)");
  CHECK(desk.sent.size() >= 2);
}

TEST_CASE("after the timer the client may acknowledge what it had all along") {
  Desk desk;
  begin(desk, 1 << 20, 8);
  desk.wait(kRoundTrip);
  (void)desk.said();
  desk.wait(250ms);
  CHECK(desk.said().front() == "DATA 1 (512)");
  desk.ack(8);  // its first ACK of 8 was lost
  CHECK(desk.said().front() == "DATA 9 (512)");
}

TEST_CASE("case 27: windowsize 65535 is lowered, and never more is in flight") {
  Desk desk;
  begin(desk, 1 << 20, 65535);
  CHECK(desk.said().front() == "OACK windowsize=16");
  CHECK(desk.sent.size() == 17);
  desk.wait(150ms);
  CHECK(desk.sent.size() == 17);
}

TEST_CASE("the window rolls over") {
  for (const std::uint16_t rollover_to : {std::uint16_t{0}, std::uint16_t{1}}) {
    SessionsOptions options;
    options.transfer.rollover_to = rollover_to;
    Desk desk(options);
    desk.file("f", 8 * 70000);
    desk.gives(rrq("f", "windowsize=16 blksize=8"));
    desk.ack(0);
    std::uint64_t last = 0;
    std::size_t turns = 0;
    while (desk.sessions.active() > 0) {
      REQUIRE(++turns < 5000);
      last = std::min<std::uint64_t>(last + 16, 70001);
      const std::uint64_t wire = rollover_to == 0 || last == 0 ? last % 65536 : (last - 1) % 65535 + 1;
      const auto packet = parse_packet(desk.sent.back().octets);
      CHECK(std::get<Data>(*packet).block == wire);
      desk.sent.clear();
      desk.ack(wire);
    }
    CHECK(desk.last().outcome == TransferOutcome::sent);
    CHECK(desk.last().last_block == 70001);
  }
}

TEST_CASE("while the origin streams, a window goes when all of it is there") {
  Desk desk;
  const auto content = desk.slow_file("f");
  desk.gives(rrq("f", "windowsize=4"));
  content->begin({});
  desk.changed();
  desk.ack(0);
  (void)desk.said();
  content->append(octets_of_size(3 * 512));
  desk.changed();
  CHECK(desk.said().empty());
  content->append(octets_of_size(512));
  desk.changed();
  CHECK(desk.said() == blocks(1, 4));
  desk.ack(4);
  content->append(octets_of_size(700));
  desk.changed();
  CHECK(desk.said().empty());
  content->finish();
  desk.changed();
  CHECK(desk.said() == Said{"DATA 5 (512)", "DATA 6 (188)"});
}

}  // namespace dw::tftp
