#include "nat/core/media/rtp.hpp"

#include <doctest/doctest.h>

#include "nat/core/media/stream_stats.hpp"
#include "tests/unit/nat/rtp_packets.hpp"

using namespace dw;
using namespace dw::nat;
using std::chrono::milliseconds;

TEST_CASE("an RTP header reads as RFC 3550 writes it") {
  //                     V=2, CC=1  M, PT 18  sequence    timestamp               SSRC                    CSRC
  const Buffer packet = {0x81, 0x92, 0x01, 0x02, 0x00, 0x00, 0x01, 0x40, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 1};
  const auto header = parse_rtp(packet);
  REQUIRE(header);
  CHECK(header->payload_type == 18);
  CHECK(header->marker);
  CHECK(header->sequence == 0x0102);
  CHECK(header->timestamp == 320);
  CHECK(header->ssrc == 0xdeadbeef);
  for (std::size_t n = 0; n < packet.size(); ++n)
    CHECK_FALSE(parse_rtp(Bytes(packet).first(n)));
}

TEST_CASE("RTCP on the RTP port, STUN and noise are not RTP") {
  const Buffer rtcp = {0x81, 200, 0, 1, 0, 0, 0, 9};
  CHECK_FALSE(parse_rtp(Buffer{0x81, 200, 0, 6, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0}));
  CHECK_FALSE(parse_rtp(Buffer{0x00, 0x01, 0, 8, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  CHECK_FALSE(parse_rtp(Buffer(40, 0xff)));
  CHECK(is_rtcp(rtcp));
  for (std::size_t n = 0; n < rtcp.size(); ++n)
    CHECK_FALSE(is_rtcp(Bytes(rtcp).first(n)));
  CHECK_FALSE(is_rtcp(test::rtp({})));
}

TEST_CASE("loss is what was expected and never came, over the wrap too") {
  StreamStats stats;
  TimePoint now{};
  for (unsigned i = 0; i < 100; ++i) {
    now += milliseconds(20);
    if (i % 10 == 5) continue;
    stats.on_packet(now, *parse_rtp(test::rtp({static_cast<std::uint16_t>(65500 + i), i * 160})), 172);
  }
  CHECK(stats.packets() == 90);
  CHECK(stats.octets() == 90 * 172);
  CHECK(stats.lost() == 10);
  CHECK(stats.reordered() == 0);
  CHECK(stats.jitter() < milliseconds(1));
}

TEST_CASE("a packet that comes late is reordered, not lost; one that comes twice hides no loss of another SSRC") {
  StreamStats stats;
  for (const std::uint16_t sequence : std::initializer_list<std::uint16_t>{1, 2, 4, 3, 5, 5})
    stats.on_packet(TimePoint{} + milliseconds(20) * sequence, *parse_rtp(test::rtp({sequence, sequence * 160U})), 172);
  CHECK(stats.reordered() == 1);
  CHECK(stats.lost() == 0);
}

TEST_CASE("a new SSRC starts new statistics and keeps the loss of before") {
  StreamStats stats;
  for (const std::uint16_t sequence : std::initializer_list<std::uint16_t>{1, 2, 5})
    stats.on_packet(TimePoint{}, *parse_rtp(test::rtp({sequence, 0, 1})), 1);
  for (const std::uint16_t sequence : std::initializer_list<std::uint16_t>{40000, 40001})
    stats.on_packet(TimePoint{}, *parse_rtp(test::rtp({sequence, 0, 2})), 1);
  CHECK(stats.lost() == 2);
  CHECK(stats.ssrc() == 2);
  stats.on_packet(TimePoint{}, *parse_rtp(test::rtp({10000, 0, 2})), 1);  // a jump too large to be loss
  CHECK(stats.lost() == 2);
}

TEST_CASE("jitter follows RFC 3550's estimate") {
  StreamStats stats;
  TimePoint now{};
  double expected = 0;
  for (unsigned i = 0; i < 50; ++i) {
    const unsigned late = i % 2 == 0 ? 0 : 10;  // every other packet 10 ms late: |D| is 80 units throughout
    stats.on_packet(now + milliseconds(20 * i + late), *parse_rtp(test::rtp({static_cast<std::uint16_t>(i), i * 160})),
                    172);
    if (i > 0) expected += (80.0 - expected) / 16.0;
  }
  const double got = std::chrono::duration<double>(*stats.jitter()).count() * 8000;
  CHECK(got == doctest::Approx(expected).epsilon(0.01));
}
