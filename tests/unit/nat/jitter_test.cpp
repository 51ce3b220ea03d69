#include <doctest/doctest.h>

#include <memory>

#include "nat/core/media/stream_stats.hpp"
#include "tests/unit/nat/rtp_packets.hpp"

using namespace dw;
using namespace dw::nat;
using std::chrono::milliseconds;

namespace {

struct TimedFlow {
  StreamStats stats;
  TimePoint now{};
  std::uint16_t sequence = 0;
  void come(std::uint32_t timestamp, std::uint8_t type, Duration after = milliseconds(20)) {
    now += after;
    stats.on_packet(now, *parse_rtp(test::rtp({.sequence = ++sequence, .timestamp = timestamp, .payload_type = type})),
                    172);
  }
  void formats(MediaFormats formats) { stats.set_formats(std::make_shared<const MediaFormats>(std::move(formats))); }
  double ms() const {
    REQUIRE(stats.jitter());
    return std::chrono::duration<double, std::milli>(*stats.jitter()).count();
  }
};

}  // namespace

TEST_CASE("a steady stream has no jitter at whatever clock rate its payload type has") {
  struct Row {
    std::uint8_t type;
    std::uint32_t step;  // of 20 ms
    MediaFormats formats;
  };
  for (const Row& row : {Row{0, 160, {}}, Row{9, 160, {}}, Row{18, 160, {}}, Row{10, 882, {}}, Row{34, 1800, {}},
                         Row{111, 960, {{111, 48'000}}}, Row{97, 320, {{97, 16'000}}}, Row{103, 1800, {{103, 90'000}}},
                         Row{0, 320, {{0, 16'000}}}}) {
    TimedFlow flow;
    flow.formats(row.formats);
    for (std::uint32_t i = 0; i < 100; ++i)
      flow.come(0xfffff000 + i * row.step, row.type);  // over the wrap
    CHECK_MESSAGE(flow.ms() < 0.01, int{row.type});
  }
}

TEST_CASE("a payload type of unknown clock has no jitter that could be measured") {
  TimedFlow flow;
  for (std::uint32_t i = 0; i < 50; ++i)
    flow.come(i * 320, 97);
  CHECK_FALSE(flow.stats.jitter());
  flow.formats({{97, 16'000}});
  for (std::uint32_t i = 50; i < 60; ++i)
    flow.come(i * 320, 97);
  CHECK(flow.ms() < 0.01);
  TimedFlow one;
  one.come(0, 0);
  CHECK_FALSE(one.stats.jitter());  // and one packet is compared with none
}

TEST_CASE("a digit repeats one timestamp and leaves the jitter as it was, declared as an event or not") {
  for (const MediaFormats& reported :
       {MediaFormats{}, MediaFormats{{101, 8'000, MediaFormat::Kind::event}}, MediaFormats{{101, 8'000}}}) {
    TimedFlow flow;
    flow.formats(reported);
    for (std::uint32_t i = 0; i < 50; ++i)
      flow.come(i * 160, 0);
    for (int i = 0; i < 100; ++i)
      flow.come(50 * 160, 101);
    for (std::uint32_t i = 150; i < 200; ++i)
      flow.come(i * 160, 0);
    CHECK(flow.ms() < 0.01);
  }
}

TEST_CASE("a picture is many packets of one timestamp: its first one counts") {
  TimedFlow flow;
  flow.formats({{99, 90'000}});
  for (std::uint32_t picture = 0; picture < 50; ++picture) {
    flow.come(picture * 3'000, 99, std::chrono::microseconds(33'333 - 10 * 500));
    for (int i = 0; i < 10; ++i)
      flow.come(picture * 3'000, 99, std::chrono::microseconds(500));
  }
  CHECK(flow.ms() < 0.01);
}

TEST_CASE("RFC 3550's example holds at any clock: every other packet 10 ms late") {
  for (const auto& [type, step] : {std::pair<std::uint8_t, std::uint32_t>{0, 160}, {111, 960}}) {
    TimedFlow flow;
    flow.formats({{111, 48'000}});
    double expected = 0;
    for (std::uint32_t i = 0; i < 50; ++i) {
      flow.come(i * step, type, milliseconds(i % 2 == 0 ? 10 : 30));
      if (i > 0) expected += (10.0 - expected) / 16.0;
    }
    CHECK(flow.ms() == doctest::Approx(expected).epsilon(0.01));
  }
}
