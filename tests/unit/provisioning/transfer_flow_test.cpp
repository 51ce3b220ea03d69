// One transfer as a client sees it: tftp-nat §1.2 to §1.5 and the flow rows of its §5.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include "tests/unit/provisioning/tftp_desk.hpp"

namespace dw::tftp {
using namespace test;

namespace {

/// Acknowledges everything in lock-step, checks the numbers, and gives back the file that came.
Buffer download(Desk& desk, std::size_t blksize, bool with_oack, std::uint16_t rollover_to = 0) {
  Buffer file;
  std::size_t next = desk.sent.size() - 1;  // the first answer
  if (with_oack) {
    desk.ack(0);
    ++next;
  }
  for (std::uint16_t expected = 1;;) {
    if (desk.sent.size() != next + 1) FAIL("not one packet for one ACK, at block " << expected);
    const auto packet = parse_packet(desk.sent[next].octets);
    const auto& data = std::get<Data>(*packet);
    if (data.block != expected) FAIL("DATA " << data.block << " instead of " << expected);
    file.insert(file.end(), data.octets.begin(), data.octets.end());
    const bool last = data.octets.size() < blksize;
    desk.sent.clear();
    next = 0;
    desk.ack(expected);
    if (last) return file;
    expected = expected == 65535 ? rollover_to : static_cast<std::uint16_t>(expected + 1);
  }
}

/// A transfer that is under way: blksize 512, block 1 acknowledged at once, DATA 2 under way.
void under_way(Desk& desk, std::string_view options = {}) {
  desk.file("f", 10000);
  desk.gives(rrq("f", options));
  if (!options.empty()) desk.ack(0);
  desk.ack(1);
  (void)desk.said();
}

/// When, after now, each packet leaves, in milliseconds.
std::vector<long> times_of_sending(Desk& desk, Duration during) {
  std::vector<long> times;
  const TimePoint begin = desk.now;
  std::size_t before = desk.sent.size();
  while (desk.now < begin + during) {
    desk.wait(10ms);
    for (; before < desk.sent.size(); ++before)
      times.push_back((desk.now - begin) / 1ms);
  }
  return times;
}

}  // namespace

TEST_CASE("case 33: sizes around a block, with and without options") {
  for (const std::size_t blksize : {std::size_t{512}, std::size_t{1428}}) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, blksize - 1, blksize, blksize + 1, 2 * blksize}) {
      CAPTURE(blksize);
      CAPTURE(size);
      Desk desk;
      desk.file("f", size);
      desk.gives(rrq("f", blksize == 512 ? "" : "blksize=1428"));
      CHECK(download(desk, blksize, blksize != 512) == octets_of_size(size));
      REQUIRE(desk.ended.size() == 1);
      CHECK(desk.last().outcome == TransferOutcome::sent);
      CHECK(desk.last().octets == size);
      CHECK(desk.last().size == size);
      CHECK(desk.last().last_block == size / blksize + 1);
      CHECK(desk.sessions.active() == 0);
      CHECK_FALSE(desk.sessions.next_deadline());
    }
  }
}

TEST_CASE("case 19, case 33, case 34: the block number rolls over, to 0 or to 1") {
  for (const std::uint16_t rollover_to : {std::uint16_t{0}, std::uint16_t{1}}) {
    for (const std::size_t size : std::initializer_list<std::size_t>{65535UL * 8, 65536UL * 8, 1048576UL}) {
      if (rollover_to == 1 && size > 65536UL * 8) continue;  // twice round is the same code, and takes long
      SessionsOptions options;
      options.transfer.rollover_to = rollover_to;
      Desk desk(options);
      desk.file("f", size);
      desk.gives(rrq("f", "blksize=8"));
      CHECK(download(desk, 8, true, rollover_to) == octets_of_size(size));
      CHECK(desk.last().outcome == TransferOutcome::sent);
      CHECK(desk.last().last_block == size / 8 + 1);
    }
  }
}

TEST_CASE("case 35: duplicate every ACK, each DATA is sent once (Sorcerer's Apprentice)") {
  Desk desk;
  desk.file("f", 5000);
  desk.gives(rrq("f"));
  for (std::uint64_t block = 1; block <= 10; ++block) {
    desk.ack(block);
    desk.ack(block);
  }
  CHECK(desk.sent.size() == 10);
  CHECK(desk.sessions.transfer_counters().retransmissions == 0);
  CHECK(desk.last().outcome == TransferOutcome::sent);
}

TEST_CASE("case 39, case 40: ACKs of the future and of block 0 in mid-transfer are ignored") {
  Desk desk;
  under_way(desk);
  for (const std::uint64_t block : std::initializer_list<std::uint64_t>{0, 3, 100, 65535})
    desk.ack(block);
  CHECK(desk.said().empty());
  desk.ack(2);
  CHECK(desk.said() == Said{"DATA 3 (512)"});
}

TEST_CASE("case 28: ERROR 8 in answer to the OACK ends it without a reply") {
  Desk desk;
  desk.file("f", 100);
  desk.gives(rrq("f", "blksize=1428"));
  desk.error(8);
  desk.wait(60s);
  CHECK(desk.said() == Said{"OACK blksize=1428"});
  CHECK(desk.last().outcome == TransferOutcome::aborted);
  CHECK(desk.last().error_code == 8);
  CHECK(desk.sessions.active() == 0);
}

TEST_CASE("case 29: the OACK answered with DATA or ACK 1 is repeated by the timer only") {
  Desk desk;
  desk.file("f", 100);
  desk.gives(rrq("f", "blksize=1428"));
  desk.ack(1);
  desk.gives(packet_of(Data{1, as_bytes("x")}));
  CHECK(desk.said() == Said{"OACK blksize=1428"});
  desk.wait(1s);
  CHECK(desk.said() == Said{"OACK blksize=1428"});
  desk.ack(0);
  CHECK(desk.said() == Said{"DATA 1 (100)"});
}

TEST_CASE("case 41: the last ACK is lost: the last DATA again and again, then unconfirmed") {
  Desk desk;
  desk.file("f", 600);
  desk.gives(rrq("f"));
  desk.ack(1);
  desk.wait(60s);
  CHECK(desk.last().outcome == TransferOutcome::unconfirmed);
  CHECK(desk.last().took >= 30s);
  CHECK(desk.last().took <= 60s);
  const Said said = desk.said();
  CHECK(said.size() > 5);
  CHECK(said.back() == "DATA 2 (88)");
}

TEST_CASE("case 43: the client vanishes after the OACK: two packets, gone within 10 s") {
  for (const char* options : {"blksize=1428", ""}) {
    Desk desk;
    desk.file("SEP001122334455.cnf.xml", 5000);
    const auto asked = desk.now;
    desk.gives(rrq("SEP001122334455.cnf.xml", options));
    while (desk.sessions.active() > 0)
      desk.wait(100ms);
    CHECK(desk.now - asked <= 10s);
    CHECK(desk.sent.size() == 2);
    CHECK(desk.last().outcome == TransferOutcome::no_ack);
    CHECK(desk.last().detail == "no ACK after the first answer");
  }
}

TEST_CASE("case 44: the client vanishes in mid-transfer: doubling to 8 s, given up within 30 to 60 s") {
  Desk desk;
  under_way(desk);
  const auto times = times_of_sending(desk, 60s);
  REQUIRE(times.size() >= 8);
  CHECK(times[0] == 200);
  CHECK(times[1] == 600);
  CHECK(times[2] == 1400);
  CHECK(times[3] == 3000);
  for (std::size_t i = 1; i < times.size(); ++i)
    CHECK(times[i] - times[i - 1] <= 8000);
  CHECK(desk.last().outcome == TransferOutcome::stalled);
  CHECK(desk.last().last_block == 1);
  CHECK(desk.last().took >= 30s);
  CHECK(desk.last().took <= 60s);
  for (const Sent& s : desk.sent)
    CHECK(s.octets.size() == 516);
}

TEST_CASE("case 45: an ERROR in mid-transfer ends it without a reply") {
  Desk desk;
  under_way(desk);
  desk.error(0);
  desk.wait(60s);
  CHECK(desk.said().empty());
  CHECK(desk.last().outcome == TransferOutcome::aborted);
  CHECK(desk.last().last_block == 1);
}

TEST_CASE("what is sent again is the same to the octet (atftpd 0.8.0-3)") {
  Desk desk;
  desk.file("SEP001122334455.cnf.xml", 700);
  for (const char* options : {"", "blksize=600 tsize=0"}) {
    desk.gives(rrq("SEP001122334455.cnf.xml", options));
    const Buffer first = desk.sent.back().octets;
    const auto before = desk.sent.size();
    desk.wait(1s);
    REQUIRE(desk.sent.size() == before + 1);
    CHECK(desk.sent.back().octets == first);
    desk.error(0);
  }
}

TEST_CASE("the first answer is repeated after 1 s; a shorter negotiated timeout does not apply to it") {
  Desk desk;
  desk.file("f.cnf.xml", 100);
  desk.gives(rrq("f.cnf.xml", "timeout=6"));
  CHECK(times_of_sending(desk, 9s) == std::vector<long>{1000});
}

TEST_CASE("case 25: a negotiated timeout is an upper bound of the first repeat, not a floor") {
  Desk desk;
  under_way(desk, "timeout=255");
  CHECK(times_of_sending(desk, 1s) == std::vector<long>{200, 600});

  Desk slow;  // 3 s of round trip, so the RTO is far above the client's 1 s
  slow.file("f", 5000);
  slow.gives(rrq("f", "timeout=1"));
  slow.wait(900ms);
  slow.ack(0);
  slow.wait(900ms);
  slow.ack(1);
  CHECK(times_of_sending(slow, 1500ms).front() == 1000);
}

TEST_CASE("the RTO follows the round trip; a repeated block measures nothing, and the doubling stays (Karn)") {
  Desk desk;
  desk.file("f", 100000);
  desk.gives(rrq("f"));
  for (std::uint64_t block = 1; block < 30; ++block) {
    desk.wait(500ms);
    desk.ack(block);
  }
  CHECK(desk.sent.size() == 30);  // half a second each, and nothing sent twice
  const auto times = times_of_sending(desk, 700ms);
  REQUIRE(times.size() == 1);
  CHECK(times[0] >= 500);
  desk.ack(30);  // 150 ms after the repeat: of the first, then, and the path has become slower
  const auto again = times_of_sending(desk, 2s);
  REQUIRE_FALSE(again.empty());
  CHECK(again[0] >= 2 * times[0] - 10);
}

TEST_CASE("an ACK one round trip after the repeat: a packet was lost, and the RTO is as before") {
  Desk desk;
  desk.file("f", 100000);
  desk.gives(rrq("f"));
  for (std::uint64_t block = 1; block < 30; ++block) {
    desk.wait(100ms);
    desk.ack(block);
  }
  for (std::uint64_t block = 30; block < 38; ++block) {
    CHECK(times_of_sending(desk, 300ms) == std::vector<long>{200});
    desk.ack(block);
  }
  CHECK(times_of_sending(desk, 300ms) == std::vector<long>{200});
  desk.ack(38);  // for once too often: it may be the path after all
  CHECK(times_of_sending(desk, 300ms).empty());
}

TEST_CASE("case 46: an RRQ repeated 3 times in 1 s: one session, one opening, two packets") {
  Desk desk;
  desk.file("SEP001122334455.cnf.xml", 5000);
  for (int i = 0; i < 3; ++i) {
    desk.gives(rrq("SEP001122334455.cnf.xml"));
    desk.wait(330ms);
  }
  CHECK(desk.opens.size() == 1);
  CHECK(desk.sessions.active() == 1);
  CHECK(desk.said() == Said{"DATA 1 (512)", "DATA 1 (512)"});
  CHECK(desk.sessions.counters().repeated_rrq == 2);
}

TEST_CASE("an RRQ repeated while the content waits opens nothing twice and is answered once") {
  Desk desk;
  const auto content = desk.slow_file("f");
  desk.gives(rrq("f"));
  desk.wait(1s);
  desk.gives(rrq("f"));
  CHECK(desk.opens.size() == 1);
  content->begin({});
  content->append(octets_of_size(600));
  desk.changed();
  CHECK(desk.said() == Said{"DATA 1 (512)"});
}

TEST_CASE("an RRQ repeated after both packets went in vain starts over") {
  Desk desk;
  desk.file("SEP001122334455.cnf.xml", 600);
  desk.gives(rrq("SEP001122334455.cnf.xml"));
  desk.wait(4s);
  CHECK(desk.said().size() == 2);
  desk.gives(rrq("SEP001122334455.cnf.xml"));
  CHECK(desk.said() == Said{"DATA 1 (512)"});
  CHECK(desk.sessions.active() == 1);
  CHECK(desk.last().outcome == TransferOutcome::superseded);
  desk.ack(1);
  desk.ack(2);
  CHECK(desk.last().outcome == TransferOutcome::sent);
}

TEST_CASE("an RRQ that the network delivers twice does not disturb a running transfer") {
  Desk desk;
  under_way(desk);
  desk.gives(rrq("f"));
  CHECK(desk.said().empty());
  desk.ack(2);
  CHECK(desk.said() == Said{"DATA 3 (512)"});
}

TEST_CASE("case 47: the same port asks for a new file before the old has ended: new wins, no ERROR") {
  Desk desk;
  under_way(desk);
  desk.file("g", 10);
  desk.gives(rrq("g"));
  CHECK(desk.said() == Said{"DATA 1 (10)"});
  CHECK(desk.last().file == "f");
  CHECK(desk.last().outcome == TransferOutcome::superseded);
  desk.ack(1);
  CHECK(desk.last().file == "g");
  CHECK(desk.last().outcome == TransferOutcome::sent);
  desk.wait(60s);
  CHECK(desk.said().empty());
}

TEST_CASE("a 7921 asks from port 1024 again before the ACK of its last block has come") {
  Desk desk;
  desk.phone = at("198.51.100.7:1024");
  desk.file("f", 600);
  desk.file("g", 600);
  desk.gives(rrq("f"));
  desk.ack(1);
  desk.gives(rrq("g"));
  CHECK(desk.last().file == "f");
  CHECK(desk.last().outcome == TransferOutcome::unconfirmed);
  desk.ack(1);
  desk.ack(2);
  CHECK(desk.last().file == "g");
  CHECK(desk.last().outcome == TransferOutcome::sent);
  desk.gives(rrq("g"));
  CHECK(desk.sessions.active() == 1);
}

TEST_CASE("the same file again from the same port while the last block is under way and has stalled") {
  Desk desk;
  desk.file("f", 600);
  desk.gives(rrq("f"));
  desk.ack(1);
  desk.wait(4s);
  (void)desk.said();
  desk.gives(rrq("f"));
  CHECK(desk.last().outcome == TransferOutcome::unconfirmed);
  CHECK(desk.said() == Said{"DATA 1 (512)"});
}

TEST_CASE("case 90: a client that acknowledges one block in 20 s is freed") {
  Desk desk;
  desk.file("f", 1 << 20);
  desk.gives(rrq("f"));
  for (std::uint64_t block = 1; block < 6; ++block) {
    desk.ack(block);
    desk.wait(20s);
  }
  CHECK(desk.sessions.active() == 0);
  CHECK(desk.last().outcome == TransferOutcome::stalled);
  CHECK(desk.last().took <= 61s);
  CHECK(desk.said().back() == "ERROR 0 \"Transfer too slow\"");
}

TEST_CASE("no transfer lives longer than its lifetime") {
  SessionsOptions options;
  options.transfer.lifetime = 5min;
  Desk desk(options);
  desk.file("f", 1 << 20);
  desk.gives(rrq("f"));
  for (std::uint64_t block = 1; desk.sessions.active() > 0; ++block) {
    desk.ack(block);
    desk.wait(1s);
  }
  CHECK(desk.last().took == 5min);
  CHECK(desk.said().back() == "ERROR 0 \"Transfer took too long\"");
}

TEST_CASE("case 17: a request of more than 512 octets is served") {
  Desk desk;
  desk.file("f", 10);
  desk.gives(rrq("f", "x=" + std::string(900, 'y') + " blksize=600"));
  CHECK(desk.said() == Said{"OACK blksize=600"});
}

}  // namespace dw::tftp
