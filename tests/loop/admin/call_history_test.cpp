#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "sbc/admin/call_history.hpp"
#include "sbc/admin/json.hpp"

using namespace dw;
using namespace dw::admin;
using namespace std::chrono_literals;

namespace {

phones::Call call(std::uint16_t port, WallTime since = WallTime(1000s)) {
  phones::Call c;
  c.device = "SEP001122334455";
  c.protocol = phones::Protocol::sccp;
  c.since = since;
  auto& stream = c.streams.emplace_back();
  stream.ports.phone_facing = {IpAddress::v4(0xc0000201), port};
  stream.ports.central_facing = {IpAddress::v4(0x0a000005), port};
  return c;
}

void pass(phones::Call& c, std::uint64_t packets, std::uint64_t lost, std::optional<Duration> jitter = 3ms) {
  MediaFlow& flow = c.streams[0].media.from_phone;
  flow.packets += packets;
  flow.lost += lost;
  flow.jitter = jitter;
}

}  // namespace

TEST_CASE("call history: each sample covers its own interval, and an interval without packets is not zero loss") {
  CallHistory history;
  phones::Call c = call(20000);
  const auto sample = [&] { history.sample({&c, 1}); };
  pass(c, 90, 10);
  sample();
  sample();
  pass(c, 100, 0, 8ms);
  sample();
  c.streams[0].media.from_phone.lost -= 1;  // it came late
  pass(c, 100, 0);
  sample();
  const auto* stream = history.find(c.streams[0]);
  REQUIRE(stream);
  const auto& samples = stream->from_phone.samples;
  REQUIRE(samples.size() == 4);
  CHECK(samples[0].loss_percent == doctest::Approx(10));
  CHECK(samples[1].loss_percent < 0);
  CHECK(samples[2].loss_percent == doctest::Approx(0));
  REQUIRE(samples[2].jitter_ms);
  CHECK(*samples[2].jitter_ms == doctest::Approx(8));
  CHECK(samples[3].loss_percent == doctest::Approx(0));
  CHECK(stream->from_central.samples.size() == 4);
  CHECK(stream->from_central.samples[3].loss_percent < 0);
}

TEST_CASE("call history: bounded in time and in calls, and forgotten with the call") {
  CallHistory history;
  std::vector<phones::Call> calls;
  for (unsigned i = 0; i < CallHistory::kMaxCalls + 3; ++i)
    calls.push_back(call(static_cast<std::uint16_t>(20000 + i)));
  for (std::size_t i = 0; i < CallHistory::kMaxSamples + 5; ++i)
    history.sample(calls);
  CHECK(history.size() == CallHistory::kMaxCalls);
  CHECK(history.find(calls.front().streams[0])->from_phone.samples.size() == CallHistory::kMaxSamples);
  CHECK(history.find(calls.back().streams[0]) == nullptr);
  history.sample({&calls.back(), 1});  // makes room
  history.sample({&calls.back(), 1});
  CHECK(history.size() == 1);
  CHECK(history.find(calls.back().streams[0]) != nullptr);
}

TEST_CASE(
    "call history: reused ports start again, though the start of a call is computed a little "
    "off") {
  CallHistory history;
  const phones::Call first = call(20000), same = call(20000, WallTime(1000s + 3ms)),
                     other = call(20000, WallTime(1060s));
  history.sample({&first, 1});
  history.sample({&same, 1});
  CHECK(history.find(same.streams[0])->from_phone.samples.size() == 2);
  history.sample({&other, 1});
  CHECK(history.find(other.streams[0])->from_phone.samples.size() == 1);
}

TEST_CASE("call history: is part of the answer about calls, with null where nothing arrived") {
  CallHistory history;
  std::vector<phones::Call> calls = {call(20000)};
  history.sample(calls);
  pass(calls[0], 99, 1);
  history.sample(calls);
  const auto answer = nlohmann::json::parse(calls_json(calls, now_by_both(), 10, &history));
  const auto& shown = answer["calls"][0]["streams"][0]["history"];
  CHECK(shown["every_s"] == 2);
  CHECK(shown["from_phone"]["loss_percent"] == nlohmann::json::parse("[null, 1.0]"));
  CHECK(shown["from_phone"]["jitter_ms"] == nlohmann::json::parse("[null, 3.0]"));
  CHECK(shown["from_phone"]["state"] == nlohmann::json::parse(R"([null, "ok"])"));
  CHECK(nlohmann::json::parse(calls_json(calls, now_by_both(), 10))["calls"][0]["streams"][0]["history"].is_null());
}
