#include <doctest/doctest.h>

#include "download_server.hpp"
#include "tftp-proxy/core/tftp_download.hpp"

using namespace dw;
using namespace dw::tftp;
using namespace dw::tftp::test;

namespace {

const Endpoint kStranger = Endpoint::parse("198.51.100.9:40001").value();

Download::Options plain_options() {
  Download::Options o;
  o.name = "apps.sbn";
  o.server = kServer;
  return o;
}

/// A download that has agreed to `blksize` and `windowsize`.
Download agreed(std::string blksize, std::string windowsize, Download::Options o = plain_options()) {
  Download d(std::move(o));
  (void)d.start(at_ms(0));
  (void)d.on_datagram(at_ms(20), kTid, oack({{"blksize", blksize}, {"windowsize", windowsize}}));
  return d;
}

std::vector<unsigned> acks(const Download::Actions& actions) {
  std::vector<unsigned> out;
  for (const auto& s : actions.sends) {
    REQUIRE(s.octets.size() == 4);
    REQUIRE(s.octets[1] == 4);
    out.push_back(static_cast<unsigned>(s.octets[2] << 8U | s.octets[3]));
  }
  return out;
}
using Blocks = std::vector<unsigned>;

}  // namespace

TEST_CASE("an ACK a window, and one for the short last block at once") {
  Download d = agreed("8", "4");
  for (unsigned block = 1; block <= 3; ++block)
    CHECK(d.on_datagram(at_ms(30), kTid, data(block, "12345678")).sends.empty());
  CHECK(acks(d.on_datagram(at_ms(30), kTid, data(4, "12345678"))) == Blocks{4});
  CHECK(d.on_datagram(at_ms(40), kTid, data(5, "12345678")).sends.empty());
  const auto a = d.on_datagram(at_ms(40), kTid, data(6, "1"));
  CHECK(acks(a) == Blocks{6});
  REQUIRE(a.end);
  CHECK(a.end->has_value());
  CHECK(d.received() == 41);
}

TEST_CASE("a gap is acknowledged once, with the last block in order, and the server's second go completes") {
  Download d = agreed("8", "16");
  for (unsigned block = 1; block <= 4; ++block)
    (void)d.on_datagram(at_ms(30), kTid, data(block, "12345678"));
  CHECK(acks(d.on_datagram(at_ms(31), kTid, data(6, "12345678"))) == Blocks{4});
  for (unsigned block = 7; block <= 16; ++block) {
    const auto a = d.on_datagram(at_ms(31), kTid, data(block, "12345678"));
    CHECK(a.sends.empty());
    CHECK(a.data.empty());
  }
  for (unsigned block = 5; block <= 19; ++block)
    CHECK(d.on_datagram(at_ms(60), kTid, data(block, "12345678")).sends.empty());
  CHECK(acks(d.on_datagram(at_ms(60), kTid, data(20, "12345678"))) == Blocks{20});
  // Another gap is another block, and is acknowledged again.
  CHECK(acks(d.on_datagram(at_ms(70), kTid, data(22, "12345678"))) == Blocks{20});
}

TEST_CASE("duplicates of every DATA bring no octet twice and no second ACK") {
  Download d = agreed("8", "1");
  std::size_t sent = 0;
  for (unsigned block = 1; block <= 20; ++block) {
    auto a = d.on_datagram(at_ms(30), kTid, data(block, "12345678"));
    CHECK(a.data.size() == 8);
    sent += a.sends.size();
    a = d.on_datagram(at_ms(30), kTid, data(block, "12345678"));
    CHECK(a.data.empty());
    sent += a.sends.size();
  }
  CHECK(sent == 20);
  CHECK(d.received() == 160);
}

TEST_CASE("old blocks, blocks beyond the window and blocks longer than agreed") {
  Download d = agreed("8", "4");
  for (unsigned block = 1; block <= 4; ++block)
    (void)d.on_datagram(at_ms(30), kTid, data(block, "12345678"));
  CHECK(d.on_datagram(at_ms(30), kTid, data(2, "12345678")).sends.empty());
  CHECK(d.on_datagram(at_ms(30), kTid, data(9, "12345678")).sends.empty());
  CHECK(d.on_datagram(at_ms(30), kTid, data(30000, "12345678")).sends.empty());
  // The whole window again: its last block shows that our ACK was lost.
  CHECK(acks(d.on_datagram(at_ms(1030), kTid, data(4, "12345678"))) == Blocks{4});
  const auto a = d.on_datagram(at_ms(1030), kTid, data(5, "123456789"));
  REQUIRE(a.end);
  CHECK_FALSE(a.end->has_value());
  REQUIRE(a.sends.size() == 1);
  CHECK(a.sends[0].octets[1] == 5);
}

TEST_CASE("the first answer pins the TID: others of the server get ERROR 5, other hosts silence") {
  Download d = agreed("8", "1");
  auto a = d.on_datagram(at_ms(30), kOtherTid, oack({{"blksize", "8"}}));
  REQUIRE(a.sends.size() == 1);
  CHECK(a.sends[0].to == kOtherTid);
  CHECK(a.sends[0].octets[3] == 5);
  CHECK(d.on_datagram(at_ms(30), kStranger, data(1, "EVILEVIL")).sends.empty());
  CHECK(d.on_datagram(at_ms(30), kStranger, error(0, "off")).sends.empty());
  CHECK(d.on_datagram(at_ms(30), kOtherTid, error(0, "off")).sends.empty());
  std::size_t reported = 0;
  for (int i = 0; i < 100; ++i)
    reported += d.on_datagram(at_ms(30), kOtherTid, data(1, "EVILEVIL")).sends.size();
  CHECK(reported <= 3);
  const Buffer first = data(1, "12345678");
  a = d.on_datagram(at_ms(31), kTid, first);
  CHECK(as_text(a.data) == "12345678");
}

TEST_CASE("another address may answer only when it is one of the same name") {
  const Endpoint third = Endpoint::parse("192.0.2.11:40001").value();
  Download d(plain_options());
  (void)d.start(at_ms(0));
  CHECK_FALSE(d.on_datagram(at_ms(10), third, data(1, "x")).end);
  CHECK_FALSE(d.answered());
  Download::Options o = plain_options();
  o.also_from = {kServer.address, third.address};
  Download cluster(o);
  (void)cluster.start(at_ms(0));
  const auto a = cluster.on_datagram(at_ms(10), third, data(1, "x"));
  REQUIRE(a.end);
  CHECK(a.end->has_value());
  CHECK(a.sends[0].to == third);
}

TEST_CASE("a whole file whose length is a multiple of blksize ends with an empty block; an empty file has one") {
  Download d = agreed("8", "1");
  (void)d.on_datagram(at_ms(30), kTid, data(1, "12345678"));
  auto a = d.on_datagram(at_ms(40), kTid, data(2, ""));
  REQUIRE(a.end);
  CHECK(a.end->has_value());
  Download empty(plain_options());
  (void)empty.start(at_ms(0));
  a = empty.on_datagram(at_ms(10), kTid, data(1, ""));
  CHECK(a.begin);
  REQUIRE(a.end);
  CHECK(a.end->has_value());
  CHECK(empty.received() == 0);
}

TEST_CASE("fewer or more octets than tsize says is a failure, never a shorter file") {
  for (const std::string& reported : {std::string("9"), std::string("7")}) {
    Download d(plain_options());
    (void)d.start(at_ms(0));
    (void)d.on_datagram(at_ms(10), kTid, oack({{"tsize", reported}}));
    const auto a = d.on_datagram(at_ms(20), kTid, data(1, "12345678"));
    REQUIRE(a.end);
    REQUIRE_FALSE(a.end->has_value());
    CHECK(a.end->error().code == Errc::unavailable);
    CHECK(a.data.empty());
  }
}

TEST_CASE("a file that grows beyond the bound is refused") {
  Download::Options o = plain_options();
  o.max_octets = 20;
  Download d = agreed("8", "1", o);
  (void)d.on_datagram(at_ms(30), kTid, data(1, "12345678"));
  (void)d.on_datagram(at_ms(30), kTid, data(2, "12345678"));
  const auto a = d.on_datagram(at_ms(30), kTid, data(3, "12345678"));
  REQUIRE(a.end);
  CHECK(a.end->error().code == Errc::too_long);
}

TEST_CASE("block numbers roll over to 0, or to 1 when that is allowed") {
  for (const unsigned seam : {0U, 1U}) {
    Download::Options o = plain_options();
    o.rollover_to_one = seam == 1;
    Download d = agreed("8", "1", o);
    std::uint64_t blocks = 0;
    const auto feed = [&](unsigned wire) {
      const auto a = d.on_datagram(at_ms(30), kTid, data(wire, "12345678"));
      REQUIRE(a.data.size() == 8);
      CHECK(acks(a) == Blocks{wire});
      ++blocks;
    };
    for (unsigned wire = 1; wire <= 65535; ++wire)
      feed(wire);
    for (unsigned wire = seam; wire <= 65535; ++wire)
      feed(wire);
    for (unsigned wire = seam; wire <= 10; ++wire)
      feed(wire);
    CHECK(d.received() == blocks * 8);
  }
  Download strict = agreed("8", "1");
  for (unsigned wire = 1; wire <= 65535; ++wire)
    (void)strict.on_datagram(at_ms(30), kTid, data(wire, "12345678"));
  CHECK(strict.on_datagram(at_ms(30), kTid, data(1, "12345678")).data.empty());
}

TEST_CASE("rollover in the middle of a window, with a gap at the seam") {
  Download d = agreed("8", "16");
  for (unsigned block = 1; block <= 65535; ++block)
    (void)d.on_datagram(at_ms(30), kTid, data(block & 0xffffU, "12345678"));
  CHECK(acks(d.on_datagram(at_ms(30), kTid, data(1, "12345678"))) == Blocks{65535});
  CHECK(d.on_datagram(at_ms(30), kTid, data(0, "12345678")).data.size() == 8);
  CHECK(d.on_datagram(at_ms(30), kTid, data(1, "12345678")).data.size() == 8);
}

TEST_CASE("the RRQ is repeated with back-off and given up in time; a late answer finds nobody") {
  Download d(plain_options());
  (void)d.start(at_ms(0));
  REQUIRE(d.next_deadline() == at_ms(1000));
  CHECK(d.on_deadline(at_ms(999)).sends.empty());
  CHECK(d.on_deadline(at_ms(1000)).sends.size() == 1);
  REQUIRE(d.next_deadline() == at_ms(3000));
  const auto a = d.on_deadline(at_ms(3000));
  REQUIRE(a.end);
  CHECK(a.end->error().code == Errc::unavailable);
  CHECK_FALSE(d.answered());
  CHECK(d.over());
  CHECK(d.on_datagram(at_ms(3001), kTid, data(1, "x")).sends.empty());
}

TEST_CASE("silence after an ACK: the ACK again, doubling from the measured RTT, then given up") {
  Download d = agreed("8", "1");
  (void)d.on_datagram(at_ms(40), kTid, data(1, "12345678"));
  REQUIRE(d.next_deadline() == at_ms(340));  // 20 ms measured: the floor of 300 ms
  CHECK(acks(d.on_deadline(at_ms(340))) == Blocks{1});
  REQUIRE(d.next_deadline() == at_ms(940));
  CHECK(acks(d.on_deadline(at_ms(940))) == Blocks{1});
  long now = 940;
  std::size_t repeats = 2;
  while (!d.over()) {
    REQUIRE(d.next_deadline());
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*d.next_deadline() - at_ms(now)).count();
    CHECK(wait <= 8000);
    now += wait;
    const auto a = d.on_deadline(at_ms(now));
    if (!a.end) {
      ++repeats;
      continue;
    }
    CHECK(a.end->error().code == Errc::unavailable);
    CHECK(a.sends[0].octets[1] == 5);  // the server may stop too
  }
  CHECK(now == 40 + 15000);
  CHECK(repeats == 5);
  CHECK(d.retransmissions() == 5);
}

TEST_CASE("an answer to a repeated packet measures nothing (Karn)") {
  Download d(plain_options());
  (void)d.start(at_ms(0));
  (void)d.on_deadline(at_ms(1000));
  (void)d.on_datagram(at_ms(1001), kTid, oack({{"blksize", "8"}}));
  CHECK(d.next_deadline() == at_ms(2001));  // not a millisecond's worth of RTT
}

TEST_CASE("after the last block it stays to acknowledge it again, and then goes") {
  Download d = agreed("8", "1");
  const auto a = d.on_datagram(at_ms(40), kTid, data(1, "1234"));
  REQUIRE(a.end);
  CHECK_FALSE(d.over());
  const auto again = d.on_datagram(at_ms(500), kTid, data(1, "1234"));
  CHECK(acks(again) == Blocks{1});
  CHECK_FALSE(again.end);
  CHECK(again.data.empty());
  CHECK(d.on_datagram(at_ms(501), kTid, error(0, "bye")).sends.empty());
  // However often it is repeated, the end comes.
  long now = 500;
  while (!d.over() && now < 60000) {
    now += 100;
    (void)d.on_datagram(at_ms(now), kTid, data(1, "1234"));
    if (d.next_deadline() && *d.next_deadline() <= at_ms(now)) (void)d.on_deadline(at_ms(now));
  }
  CHECK(now < 10000);
}

TEST_CASE("an ERROR in the middle fails the file; cancelling informs the server") {
  Download d = agreed("8", "1");
  (void)d.on_datagram(at_ms(40), kTid, data(1, "12345678"));
  const auto a = d.on_datagram(at_ms(50), kTid, error(1, "File not found"));
  REQUIRE(a.end);
  CHECK(a.end->error().code == Errc::unavailable);  // it was there: this is a break, not "no such file"
  Download c = agreed("8", "1");
  const auto gone = c.cancel();
  REQUIRE(gone.sends.size() == 1);
  CHECK(gone.sends[0].octets[1] == 5);
  CHECK(c.over());
  Download asking(plain_options());
  (void)asking.start(at_ms(0));
  CHECK(asking.cancel().sends.empty());
}
