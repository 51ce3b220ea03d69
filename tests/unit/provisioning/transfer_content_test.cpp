// A transfer and its file: missing, late, streaming, breaking off. tftp-nat §5, rows 23, 63 and 81.
#include <doctest/doctest.h>

#include "tests/unit/provisioning/tftp_desk.hpp"

namespace dw::tftp {
using namespace test;

TEST_CASE("what does not exist is ERROR 1 at once, also with options, and says nothing of the path") {
  Desk desk;
  desk.gives(rrq("CTLSEP001122334455.tlv", "blksize=1428 tsize=0"));
  CHECK(desk.said() == Said{"ERROR 1 \"File not found\""});
  CHECK(desk.last().outcome == TransferOutcome::not_found);
  CHECK(desk.last().error_code == 1);
  CHECK(desk.sent.back().octets.back() == 0);
  desk.wait(60s);
  CHECK(desk.said().empty());
}

TEST_CASE("case 81: how the origin's failures are reported") {
  const auto reported = [](Errc code) {
    Desk desk;
    desk.files["f"] = Content::failure({code, "the origin said /secret/path"});
    desk.gives(rrq("f"));
    return desk.said();
  };
  CHECK(reported(Errc::not_found) == Said{"ERROR 1 \"File not found\""});
  CHECK(reported(Errc::forbidden) == Said{"ERROR 2 \"Access violation\""});
  CHECK(reported(Errc::unavailable) == Said{"ERROR 0 \"Temporarily unavailable, try again\""});
  CHECK(reported(Errc::exhausted) == Said{"ERROR 0 \"Temporarily unavailable, try again\""});
  CHECK(reported(Errc::too_long) == Said{"ERROR 0 \"File too large\""});
}

TEST_CASE("case 63: nothing from the origin: ERROR before 10 s, and no DATA after it") {
  for (const char* options : {"", "blksize=1428 tsize=0"}) {
    Desk desk;
    const auto content = desk.slow_file("f");
    desk.gives(rrq("f", options));
    desk.wait(7900ms);
    CHECK(desk.said().empty());
    desk.wait(2s);
    CHECK(desk.said() == Said{"ERROR 0 \"Temporarily unavailable, try again\""});
    CHECK(desk.last().outcome == TransferOutcome::unavailable);
    content->begin({});
    content->append(octets_of_size(5000));
    content->finish();
    desk.changed();
    desk.wait(30s);
    desk.ack(0);
    CHECK(desk.said().empty());
  }
}

TEST_CASE("the origin has begun, but brings no block: ERROR before 10 s too") {
  Desk desk;
  const auto content = desk.slow_file("f");
  desk.gives(rrq("f"));
  content->begin({});
  content->append(octets_of_size(511));
  desk.changed();
  desk.wait(9s);
  CHECK(desk.said() == Said{"ERROR 0 \"Temporarily unavailable, try again\""});
}

TEST_CASE("stream-through: each block as soon as it is there, the short one only when the file is complete") {
  Desk desk;
  const auto content = desk.slow_file("f");
  const Buffer file = octets_of_size(1300);
  const auto arrives = [&](std::size_t from, std::size_t to) {
    content->append(Bytes(file).subspan(from, to - from));
    desk.changed();
  };
  desk.gives(rrq("f", "tsize=0"));
  content->begin({.size = 1300, .etag = {}, .last_modified = {}, .origin = {}});
  desk.changed();
  CHECK(desk.said() == Said{"OACK tsize=1300"});
  desk.ack(0);
  CHECK(desk.said().empty());
  arrives(0, 511);
  CHECK(desk.said().empty());
  arrives(511, 900);
  CHECK(desk.said() == Said{"DATA 1 (512)"});
  desk.ack(1);
  arrives(900, 1300);
  CHECK(desk.said() == Said{"DATA 2 (512)"});
  desk.ack(2);
  CHECK(desk.said().empty());
  content->finish();
  desk.changed();
  CHECK(desk.said() == Said{"DATA 3 (276)"});
  desk.ack(3);
  CHECK(desk.last().outcome == TransferOutcome::sent);
}

TEST_CASE("case 23: no size from the origin: no tsize, and a file of whole blocks ends with an empty one") {
  Desk desk;
  const auto content = desk.slow_file("f");
  desk.gives(rrq("f", "tsize=0"));
  content->begin({});
  content->append(octets_of_size(512));
  desk.changed();
  CHECK(desk.said() == Said{"DATA 1 (512)"});
  content->finish();
  desk.changed();
  desk.ack(1);
  CHECK(desk.said() == Said{"DATA 2 (0)"});
}

TEST_CASE("case 81: a truncated origin never ends as a short block") {
  Desk desk;
  const auto content = desk.slow_file("f");
  desk.gives(rrq("f"));
  content->begin({.size = 1000, .etag = {}, .last_modified = {}, .origin = {}});
  content->append(octets_of_size(700));
  desk.changed();
  desk.ack(1);
  CHECK(desk.said() == Said{"DATA 1 (512)"});
  content->finish();  // 300 too few
  desk.changed();
  CHECK(desk.said() == Said{"ERROR 0 \"Broken off, try again\""});
  CHECK(desk.last().outcome == TransferOutcome::unavailable);
  CHECK(desk.last().detail == "the origin promised 1000 octets and sent 700");
  desk.ack(2);
  desk.wait(30s);
  CHECK(desk.said().empty());
}

TEST_CASE("an origin that stops in mid-transfer is reported before a router forgets the mapping") {
  Desk desk;
  const auto content = desk.slow_file("f");
  desk.gives(rrq("f"));
  content->begin({});
  content->append(octets_of_size(600));
  desk.changed();
  desk.ack(1);
  (void)desk.said();
  desk.wait(19s);
  desk.ack(1);
  CHECK(desk.said().empty());
  desk.wait(2s);
  CHECK(desk.said() == Said{"ERROR 0 \"Temporarily unavailable, try again\""});
  CHECK(desk.last().detail == "the origin brought nothing for 20.0 s");
}

TEST_CASE("a pause of the origin is no fault of the phone") {
  Desk desk;
  const auto content = desk.slow_file("f");
  desk.gives(rrq("f"));
  content->begin({});
  for (int i = 0; i < 10; ++i) {  // 4 blocks a minute: slower than a phone may be
    content->append(octets_of_size(512));
    desk.changed();
    desk.ack(static_cast<std::uint64_t>(i) + 1);
    desk.wait(15s);
  }
  CHECK(desk.ended.empty());
  content->finish();
  desk.changed();
  desk.ack(11);
  CHECK(desk.last().outcome == TransferOutcome::sent);
}

}  // namespace dw::tftp
