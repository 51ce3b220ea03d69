#include <doctest/doctest.h>

#include "tests/unit/provisioning/tftp_desk.hpp"

namespace dw::tftp {
using namespace test;

namespace {

/// The whole file in blocks, put together.
std::string translated(std::string_view file, std::size_t blksize) {
  std::string all;
  NetasciiPosition at;
  for (;;) {
    const NetasciiBlock block = netascii_block(as_bytes(file), at, blksize);
    CHECK(block.octets.size() <= blksize);
    all += as_text(block.octets);
    if (block.octets.size() < blksize) return all;
    at = block.next;
  }
}

}  // namespace

TEST_CASE("case 12: netascii, CR, LF and CRLF split over blocks of any size") {
  const std::string file("a\nb\rc\r\nd\n\n\r\r", 12);
  const std::string wire("a\r\nb\r\0c\r\0\r\nd\r\n\r\n\r\0\r\0", 20);
  for (std::size_t blksize = 1; blksize <= 24; ++blksize) {
    CAPTURE(blksize);
    CHECK(translated(file, blksize) == wire);
  }
}

TEST_CASE("case 12: a netascii transfer, the pair split between blocks, repeats alike") {
  Desk desk;
  desk.files["f"] = Content::of(to_buffer(std::string(7, 'x') + "\n" + "tail"), {});
  desk.gives(rrq("f", "blksize=8 tsize=0", "netascii"));
  CHECK(desk.said() == Said{"OACK blksize=8"});
  desk.ack(0);
  CHECK(as_text(desk.sent.back().octets).substr(4) == "xxxxxxx\r");
  desk.ack(1);
  CHECK(as_text(desk.sent.back().octets).substr(4) == "\ntail");
  const Buffer first = desk.sent.back().octets;
  desk.wait(1s);
  CHECK(desk.sent.back().octets == first);
  CHECK(desk.sent.size() > 3);
  desk.ack(2);
  REQUIRE(desk.ended.size() == 1);
  CHECK(desk.last().outcome == TransferOutcome::sent);
  CHECK(desk.last().octets == 12);
}

TEST_CASE("netascii while the file streams: a block waits until it is full or the file is complete") {
  Desk desk;
  const auto content = desk.slow_file("f");
  desk.gives(rrq("f", "blksize=8", "netascii"));
  content->begin({});
  desk.changed();
  desk.ack(0);
  content->append(as_bytes("1234567"));
  desk.changed();
  CHECK(desk.said() == Said{"OACK blksize=8"});
  content->append(as_bytes("\n"));
  desk.changed();
  CHECK(desk.said() == Said{"DATA 1 (8)"});
  desk.ack(1);
  CHECK(desk.said().empty());
  content->finish();
  desk.changed();
  CHECK(desk.said() == Said{"DATA 2 (1)"});
  desk.ack(2);
  CHECK(desk.last().outcome == TransferOutcome::sent);
}

TEST_CASE("a netascii file that fills its last block ends with an empty one") {
  Desk desk;
  desk.files["f"] = Content::of(to_buffer("1234567\n1234567"), {});
  desk.gives(rrq("f", "blksize=8", "netascii"));
  for (std::uint64_t n = 0; n < 3; ++n)
    desk.ack(n);
  CHECK(desk.said() == Said{"OACK blksize=8", "DATA 1 (8)", "DATA 2 (8)", "DATA 3 (0)"});
}

}  // namespace dw::tftp
